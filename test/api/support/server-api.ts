/** The API over the real commands of servers and their real history, all in memory; lists are folded from the log at each question. */
import { z } from 'zod'
import { createAttempt } from '../../../src/commands/operator/attempts.ts'
import { createServerCommands } from '../../../src/commands/operator/server-commands.ts'
import { createUndoCommand } from '../../../src/commands/operator/undo-command.ts'
import { createMemoryProjections } from '../../../src/projections/memory-projections.ts'
import { createServerPast } from '../../../src/projections/server-past.ts'
import { serverTools } from '../../../src/projections/server-tools.ts'
import { createBench } from '../../commands/support/bench.ts'
import { collection, type Model } from './collection.ts'
import { testApi } from './test-api.ts'

/** What the tests look into; everything else is there too. */
const reply = z.looseObject({
  id: z.string().optional(),
  commandId: z.string().optional(),
  position: z.string().optional(),
  desired: z.string().optional(),
  error: z
    .looseObject({
      code: z.string(),
      details: z.looseObject({ issues: z.array(z.looseObject({ field: z.string() })).optional() }).optional(),
    })
    .optional(),
  config: z.looseObject({ callTimeoutMs: z.number(), transport: z.looseObject({ env: z.unknown().optional() }) }).optional(),
  executable: z.looseObject({ argvHash: z.string(), approved: z.boolean() }).nullish(),
  refusal: z.looseObject({ code: z.string() }).nullish(),
  changes: z.unknown().optional(),
  items: z.array(z.looseObject({ position: z.string().optional() })).optional(),
})

export function serverApi() {
  const bench = createBench()
  const tools = { ...bench, attempt: createAttempt(bench), byName: new Map() }
  const serverPast = createServerPast({ eventStore: bench.store, codec: bench.codec })
  const model: Model = { position: 0n }
  const servers = async () =>
    collection(model, [...(await serverPast.list('now', { limit: 500, situation: 'all' })).items], (row) => row.serverId)
  const toolRows = async () => {
    const past = createMemoryProjections([serverTools])
    for (const event of bench.all()) past.apply(event)
    return past.rows('server-tools').map((row) => ({
      ...row,
      server: 'files',
      usage: { calls: 0, errors: 0, durationUs: 0, lastCallAt: null },
    }))
  }
  const api = testApi({}, (application) => ({
    ...application,
    commands: { ...application.commands, ...createServerCommands(tools, bench), undoCommand: createUndoCommand(tools) },
    serverPast,
    queries: {
      ...application.queries,
      servers: {
        list: (options) => serverPast.list('now', options),
        show: async (id, options) => (await servers()).show(id, options),
      },
      serverTools: {
        list: async (options) => collection(model, await toolRows(), (row) => row.toolId).list(options),
        show: async (id, options) => collection(model, await toolRows(), (row) => row.toolId).show(id, options),
      },
    },
  }))
  const send = async (method: string, path: string, json?: object, headers: Readonly<Record<string, string>> = {}) => {
    const response = await api.request(path, { method, headers, ...(json === undefined ? {} : { json }) })
    return { status: response.status, etag: response.headers.get('etag'), body: reply.parse(await response.json()) }
  }
  return { ...bench, api, send }
}
