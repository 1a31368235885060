/** Names of methods, and which of them exist in which era. */

export const METHOD = {
  initialize: 'initialize',
  initialized: 'notifications/initialized',
  ping: 'ping',
  discover: 'server/discover',
  listTools: 'tools/list',
  callTool: 'tools/call',
  listPrompts: 'prompts/list',
  getPrompt: 'prompts/get',
  listResources: 'resources/list',
  listTemplates: 'resources/templates/list',
  readResource: 'resources/read',
  subscribe: 'resources/subscribe',
  unsubscribe: 'resources/unsubscribe',
  complete: 'completion/complete',
  setLogLevel: 'logging/setLevel',
  listen: 'subscriptions/listen',
  acknowledged: 'notifications/subscriptions/acknowledged',
  cancelled: 'notifications/cancelled',
  progress: 'notifications/progress',
  log: 'notifications/message',
  toolsChanged: 'notifications/tools/list_changed',
  promptsChanged: 'notifications/prompts/list_changed',
  resourcesChanged: 'notifications/resources/list_changed',
  resourceUpdated: 'notifications/resources/updated',
  rootsChanged: 'notifications/roots/list_changed',
  elicit: 'elicitation/create',
  sample: 'sampling/createMessage',
  listRoots: 'roots/list',
} as const

/** Taken away with the sessions: a stateless endpoint knows nothing of them. */
const REMOVED: ReadonlySet<string> = new Set([METHOD.initialize, METHOD.ping, METHOD.setLogLevel, METHOD.subscribe, METHOD.unsubscribe])
export const removedWithSessions = (method: string): boolean => REMOVED.has(method)

/** What a server of the older era can be asked in the name of a stateless client. */
const COMMON: ReadonlySet<string> = new Set([
  METHOD.listTools,
  METHOD.callTool,
  METHOD.listPrompts,
  METHOD.getPrompt,
  METHOD.listResources,
  METHOD.listTemplates,
  METHOD.readResource,
  METHOD.complete,
])
export const inBothEras = (method: string): boolean => COMMON.has(method)

/** Asks for something and changes nothing, by the words of the protocol: may be asked again when its answer was lost. */
export const isReading = (method: string): boolean => method !== METHOD.callTool && COMMON.has(method)

/** Requests whose work may need something of the client; only these may be answered with `input_required`. */
const MAY_ASK: ReadonlySet<string> = new Set([METHOD.callTool, METHOD.getPrompt, METHOD.readResource])
export const mayAskClient = (method: string): boolean => MAY_ASK.has(method)

/** Results that say how long they may be kept, in the stateless era. */
const CACHEABLE: ReadonlySet<string> = new Set([
  METHOD.discover,
  METHOD.listTools,
  METHOD.listPrompts,
  METHOD.listResources,
  METHOD.listTemplates,
  METHOD.readResource,
])
export const isCacheable = (method: string): boolean => CACHEABLE.has(method)

/** The capability that a client must have declared before it is asked this. */
export function neededCapability(method: string): 'elicitation' | 'sampling' | 'roots' | undefined {
  switch (method) {
    case METHOD.elicit:
      return 'elicitation'
    case METHOD.sample:
      return 'sampling'
    case METHOD.listRoots:
      return 'roots'
    default:
      return undefined
  }
}

/** The request header names the thing that is asked for by this parameter. */
export function namedParameter(method: string): 'name' | 'uri' | undefined {
  switch (method) {
    case METHOD.callTool:
    case METHOD.getPrompt:
      return 'name'
    case METHOD.readResource:
      return 'uri'
    default:
      return undefined
  }
}
