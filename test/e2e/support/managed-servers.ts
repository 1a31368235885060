/** Tiny MCP servers below a Steward of the test's own, registered and asked for as an operator does it: over HTTP. */
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { until } from '../../support/until.ts'
import { type Api, ok, outcome } from './api.ts'

const PROGRAM = fileURLToPath(new URL('../../hostile/fleet/servers/nasty.mjs', import.meta.url))

const server = z.object({
  id: z.string(),
  name: z.string(),
  state: z.string(),
  executable: z.object({ argvHash: z.string() }).nullable(),
  run: z.object({ runId: z.string(), pid: z.number().nullable() }).nullable(),
})
export type Shown = z.output<typeof server>

/** A program of nasty.mjs, approved and enabled; `settings` of its configuration. */
export const addServer = (api: Api, name: string, kind: string, settings: object = {}): Promise<string> =>
  addProgram(api, name, [PROGRAM, kind], settings)

/** A program of Node, approved and enabled. */
export async function addProgram(
  api: Api,
  name: string,
  args: readonly string[],
  settings: object = {},
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const transport = { kind: 'stdio', command: process.execPath, args, env }
  const registered = await ok(api.post('/api/v1/servers', { name, transport, enabled: false, ...settings }), outcome)
  const { executable } = await show(api, registered.id, registered.position)
  const approval = { argvHash: executable?.argvHash, reason: 'a program of this test' }
  await ok(api.post(`/api/v1/servers/${registered.id}/executable/approve`, approval), outcome)
  await ok(api.post(`/api/v1/servers/${registered.id}/enable`, { reason: 'to be tested' }), outcome)
  return registered.id
}

export const show = (api: Api, id: string, position?: string): Promise<Shown> =>
  ok(api.get(`/api/v1/servers/${id}${position === undefined ? '' : `?min_position=${position}`}`), server)

/** When it runs, with another run than before if that is said. */
export async function running(
  api: Api,
  id: string,
  { not }: { not?: string | undefined } = {},
): Promise<Readonly<{ runId: string; pid: number }>> {
  let found: Readonly<{ runId: string; pid: number }> | undefined
  await until(async () => {
    const { state, run } = await show(api, id)
    if (state === 'running' && run !== null && run.pid !== null && run.runId !== not) found = { runId: run.runId, pid: run.pid }
    return found !== undefined
  }, 60_000)
  if (!found) throw new RangeError(`${id} does not run`)
  return found
}
