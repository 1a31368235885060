/**
 * The demo's own fleet: three MCP servers from npm, registered by the first part that needs them, as a user would register them. Every call that
 * the demo makes is counted here as well, so that Steward's figures can be compared with something.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import packageJson from '../../../package.json' with { type: 'json' }
import { type CallAnswer, connectMcp, type McpClient } from './mcp-client.ts'
import type { Place } from './place.ts'
import type { Screen } from './screen.ts'
import type { Accepted, ManagedServer, Page, RecordedEvent, StewardApi } from './steward-api.ts'
import { until } from './waiting.ts'

export interface DemoFleet {
  readonly servers: readonly FleetServer[]
  readonly everything: FleetServer
  readonly files: FleetServer
  readonly memory: FleetServer
  /** A file that the server of files may read. */
  readonly note: Readonly<{ path: string; text: string }>
  /** As it is shown, with everything up to `after`. */
  see(server: FleetServer, after?: string): Promise<ManagedServer>
  /** Of the last event that was recorded of it. */
  lastPosition(server: FleetServer): Promise<string>
  /** The first event of this type behind `after`, once it is recorded. */
  untilRecorded(server: FleetServer, type: string, after: string): Promise<RecordedEvent>
  /** Everything recorded of it behind this position. */
  countEvents(server: FleetServer, after: string): Promise<number>
}

export type FleetServer = Readonly<{
  id: string
  name: string
  /** What was typed to register it. */
  line: string
  args: readonly string[]
  startedInMs: number
  /** In the one session that the demo keeps with it from the beginning. */
  call: (tool: string, args: Readonly<Record<string, unknown>>) => Promise<CallAnswer>
  client: McpClient
  /** What the demo has seen of its own calls. */
  seen: { answered: number; refused: number }
}>

export type FleetOptions = Readonly<{
  screen: Screen
  api: StewardApi
  url: () => string
  key: string
  /** Below it, a folder of the servers' files. */
  place: Pick<Place, 'dir'>
  signal: AbortSignal
}>

/** With a download, on a slow line. */
const RUNS_WITHIN_MS = 120_000

/** Where npx finds the packages that were locked with the demo; anywhere else it would download the very same version. */
const PROJECT = fileURLToPath(new URL('../../../', import.meta.url))

const exact = (
  name: '@modelcontextprotocol/server-everything' | '@modelcontextprotocol/server-filesystem' | '@modelcontextprotocol/server-memory',
) => `${name}@${packageJson.devDependencies[name]}`

export async function openFleet({ screen, api, url, key, place, signal }: FleetOptions): Promise<DemoFleet> {
  const folder = join(place.dir, 'files')
  const note = { path: join(folder, 'order-4711.txt'), text: 'two boxes of apples, to be sent on Monday' }
  await mkdir(folder, { mode: 0o700 })
  await writeFile(note.path, note.text, { mode: 0o600 })
  const wanted = [
    { name: 'everything', args: ['-y', exact('@modelcontextprotocol/server-everything')], env: {} },
    { name: 'files', args: ['-y', exact('@modelcontextprotocol/server-filesystem'), folder], env: {} },
    { name: 'memory', args: ['-y', exact('@modelcontextprotocol/server-memory')], env: { MEMORY_FILE_PATH: join(folder, 'memory.jsonl') } },
  ]
  const see = (id: string, after = '0'): Promise<ManagedServer> =>
    api.get<ManagedServer>(`/api/v1/servers/${id}`, after === '0' ? {} : { min_position: after })

  async function register({ name, args, env }: (typeof wanted)[number]): Promise<FleetServer> {
    const transport = { kind: 'stdio', command: 'npx', args, env, workingDirectory: PROJECT }
    const registered = await api.post<Accepted>('/api/v1/servers', { name, transport, startTimeoutMs: RUNS_WITHIN_MS, enabled: false })
    const { id } = registered
    // In a directory, npx may find another program than the one on the registry: so a person says yes to this one, and then lets it run.
    const { executable } = await see(id, registered.position)
    if (executable !== null && executable.verdict === 'needs-approval') {
      await api.post(`/api/v1/servers/${id}/executable/approve`, { argvHash: executable.argvHash, reason: 'it comes with the demo' })
    }
    const { position } = await api.post<Accepted>(`/api/v1/servers/${id}/enable`, { reason: 'approved' })
    const startedInMs = await until(
      `the first run of the MCP server ${name}`,
      async () => {
        const { state, run, failure, enabled } = await see(id, position)
        if (failure !== null && !enabled)
          throw new Error(`${name} could not be started: ${failure.reason}: ${failure.says}\n${failure.stderrTail}`)
        return state === 'running' ? (run?.startedInMs ?? 0) : undefined
      },
      { signal, withinMs: RUNS_WITHIN_MS },
    )
    const client = await connectMcp({ url: url(), server: name, key, signal })
    const seen = { answered: 0, refused: 0 }
    return {
      ...{ id, name, args, startedInMs, client, seen },
      line: `steward server add ${name} -- npx ${args.join(' ')}`,
      async call(tool, given) {
        const answer = await client.call(tool, given)
        if (answer.kind === 'result') seen.answered++
        else seen.refused++
        return answer
      },
    }
  }

  const servers = await screen.during('starting three MCP servers from npm', () => Promise.all(wanted.map(register)))
  const [everything, files, memory] = servers
  if (everything === undefined || files === undefined || memory === undefined) throw new Error('a server is missing')
  const eventsOf = async ({ id }: FleetServer, after: string): Promise<readonly RecordedEvent[]> => {
    const { items } = await api.get<Page<RecordedEvent>>(`/api/v1/servers/${id}/events`, { order: 'newest', limit: '200' })
    return items.filter(({ position }) => BigInt(position) > BigInt(after)).toReversed()
  }
  return {
    ...{ servers, everything, files, memory, note },
    see: ({ id }, after) => see(id, after),
    lastPosition: async (server) => (await eventsOf(server, '0')).at(-1)?.position ?? '0',
    untilRecorded: (server, type, after) =>
      until(`${type} of ${server.name}`, async () => (await eventsOf(server, after)).find((event) => event.type === type), {
        signal,
        withinMs: RUNS_WITHIN_MS,
      }),
    countEvents: async (server, after) => (await eventsOf(server, after)).length,
  }
}
