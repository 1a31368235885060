/**
 * The way in: the API, the live messages and the calls of managed servers, on one listener. All of them know who calls by the same keys, and by which
 * names this service may be reached.
 */
import { isIPv6 } from 'node:net'
import { type Api, type ApiParts, createApi } from './api/create-api.ts'
import { createAdmission } from './api/live/admission.ts'
import type { LiveHub } from './api/live/live-hub.ts'
import { type Attach, type Beside, serveApi } from './api/serve.ts'
import type { Config } from './config.ts'
import type { Admit } from './domain/ports/live-sockets.ts'
import type { ReadModels } from './projections/read-models.ts'

export type EntryParts = Omit<ApiParts, 'config'> &
  Readonly<{
    config: Pick<Config, 'listen' | 'publicUrl' | 'adminKey' | 'metrics'>
    version: string
    keys: ReadModels['queries']['keys']
    hub: LiveHub
    /** `hosts`: names by which callers reach this service. */
    openMcp: (needs: Readonly<{ admit: Api['admitCaller']; hosts: readonly string[] }>) => Beside & Readonly<{ close: () => void }>
    serveLive: (server: Parameters<Attach>[0], admit: Admit) => ReturnType<Attach>
  }>

export type Entry = Readonly<{
  url: string
  /** Lets nobody in any more. Resolves when requests under way have been answered, or are given up. */
  close: () => Promise<void>
}>

/** For requests under way. What they began goes on after it, and the whole of a stop stays below ten seconds. */
const DRAIN_MS = 3_000

/** @throws the error of the socket when the address is taken or not ours. */
export async function openEntry({ config, version, keys, hub, openMcp, serveLive, ...parts }: EntryParts): Promise<Entry> {
  const { hash, ids, clock, logger } = parts
  const { adminKey, publicUrl } = config
  const adminKeySha256 = adminKey === undefined ? undefined : hash.sha256(adminKey.reveal())
  const api = createApi({
    ...parts,
    config: {
      ...{ version, publicMetrics: config.metrics.public },
      ...(publicUrl === undefined ? {} : { publicUrl }),
      ...(adminKeySha256 === undefined ? {} : { adminKeySha256 }),
    },
  })
  const origins = new Set(publicUrl === undefined ? [] : [new URL(publicUrl).origin])
  const admit = createAdmission({ hub, keys, adminKeySha256, origins, hash, ids, clock, logger })
  await using stack = new AsyncDisposableStack()
  const mcp = openMcp({ admit: api.admitCaller, hosts: hostsOf(config) })
  stack.defer(mcp.close)
  const listening = await serveApi(api, { ...config.listen, logger, attach: (server) => serveLive(server, admit), beside: mcp })
  stack.defer(() => {
    hub.close()
    return listening.close(DRAIN_MS)
  })
  // Its own port is known only now.
  for (const origin of ownOrigins(listening.url)) origins.add(origin)
  const open = stack.move()
  return { url: listening.url, close: () => open.disposeAsync() }
}

/** As they stand in a header: an address of IPv6 in brackets. */
const hostsOf = ({ publicUrl, listen }: Pick<Config, 'publicUrl' | 'listen'>): readonly string[] => [
  ...['localhost', '127.0.0.1', '[::1]', isIPv6(listen.host) ? `[${listen.host}]` : listen.host],
  ...(publicUrl === undefined ? [] : [new URL(publicUrl).hostname]),
]

/** Origins of the page that Steward serves itself, by addresses that nobody else can have: who rebinds a name is at another origin. */
const ownOrigins = (url: string): readonly string[] => {
  const { origin, port } = new URL(url)
  return [origin, ...['localhost', '127.0.0.1', '[::1]'].map((host) => new URL(`http://${host}:${port}`).origin)]
}
