/** What one era says, in the words of the other. Where there is no word for it, the rule is named in the error instead of being left out. */
import type { JsonObject } from '../ports/json.ts'
import { CODE, isStatelessError } from './errors.ts'
import { type Message, makeMessage } from './message.ts'
import { isObject, META, metaOf } from './meta.ts'
import { isCacheable } from './methods.ts'
import type { Negotiation } from './negotiation.ts'
import { STATELESS_VERSIONS } from './versions.ts'

/** A result of a server with sessions, for a stateless client. Nothing is known of how long it holds, so it holds for no time. */
export function resultToStateless(result: JsonObject, method: string, { serverInfo }: Pick<Negotiation, 'serverInfo'>): JsonObject {
  return {
    ...result,
    resultType: 'complete',
    ...(isCacheable(method) ? { ttlMs: 0, cacheScope: 'private' } : {}),
    _meta: { ...metaOf(result), [META.server]: serverInfo },
  }
}

export function resultToSession(result: JsonObject): JsonObject {
  const { resultType: _type, ttlMs: _ttl, cacheScope: _scope, ...rest } = result
  return rest
}

export function errorToStateless(error: JsonObject): JsonObject {
  if (error['code'] === CODE.resourceNotFound) return { ...error, code: CODE.invalidParams }
  if (error['code'] === CODE.urlElicitationRequired) {
    const data = isObject(error['data']) ? error['data'] : {}
    return { ...error, code: CODE.refused, data: { ...data, rule: 'url-elicitation-has-no-counterpart' } }
  }
  return error
}

export function errorToSession(error: JsonObject): JsonObject {
  if (!isStatelessError(error['code'])) return error
  const data = isObject(error['data']) ? error['data'] : {}
  return { ...error, code: CODE.refused, data: { ...data, rule: 'refused-by-stateless-server', statelessCode: error['code'] ?? null } }
}

/** `server/discover` of a server that does not know the question. */
export function discovered({ capabilities, serverInfo }: Negotiation, instructions: string | undefined): JsonObject {
  return {
    supportedVersions: [...STATELESS_VERSIONS],
    capabilities: capabilitiesToStateless(capabilities),
    ...(instructions === undefined ? {} : { instructions }),
    resultType: 'complete',
    ttlMs: 0,
    cacheScope: 'private',
    _meta: { [META.server]: serverInfo },
  }
}

/** `initialize` of a server that does not know the question, or was asked it by somebody else before. */
export function initialized(
  { capabilities, serverInfo }: Negotiation,
  { version, shared, instructions }: Readonly<{ version: string; shared: boolean; instructions: string | undefined }>,
): JsonObject {
  return {
    protocolVersion: version,
    capabilities: capabilitiesToSession(capabilities, shared),
    serverInfo,
    ...(instructions === undefined ? {} : { instructions }),
  }
}

/** The answer of a server to `initialize`, with the instructions that were approved in the place of those that it gives. */
export function withInstructions(answer: Message, instructions: string | undefined): Message {
  const { result } = answer.value
  if (!isObject(result) || result['instructions'] === instructions) return answer
  const { instructions: _, ...rest } = result
  return makeMessage({ ...answer.value, result: instructions === undefined ? rest : { ...rest, instructions } })
}

function capabilitiesToStateless(capabilities: JsonObject): JsonObject {
  const { tasks: _tasks, ...rest } = capabilities
  return rest
}

/** Tasks of one client could be listed by another on a shared line, and extensions are a word of the stateless era. */
function capabilitiesToSession(capabilities: JsonObject, shared: boolean): JsonObject {
  const { extensions: _extensions, tasks, ...rest } = capabilities
  return shared || tasks === undefined ? rest : { ...rest, tasks }
}

/** Questions within an `input_required` result, by the server's own key. */
export type InputRequired = Readonly<{ requests: readonly (readonly [key: string, request: JsonObject])[]; state: string | undefined }>

export function readInputRequired(result: JsonObject): InputRequired | undefined {
  if (result['resultType'] !== 'input_required') return undefined
  const { inputRequests, requestState } = result
  const requests = isObject(inputRequests) ? Object.entries(inputRequests) : []
  return {
    requests: requests.flatMap(([key, request]) => (isObject(request) ? [[key, request] as const] : [])),
    state: typeof requestState === 'string' ? requestState : undefined,
  }
}

export function inputRequired(requests: readonly (readonly [string, JsonObject])[], state: string, serverInfo: JsonObject): JsonObject {
  return {
    resultType: 'input_required',
    inputRequests: Object.fromEntries(requests),
    requestState: state,
    _meta: { [META.server]: serverInfo },
  }
}

/** A retry carries the first parameters, the answers, and the state exactly as it was given. */
export function retryParams(params: JsonObject, answers: JsonObject, state: string | undefined): JsonObject {
  const { inputResponses: _responses, requestState: _state, ...first } = params
  return {
    ...first,
    ...(Object.keys(answers).length === 0 ? {} : { inputResponses: answers }),
    ...(state === undefined ? {} : { requestState: state }),
  }
}
