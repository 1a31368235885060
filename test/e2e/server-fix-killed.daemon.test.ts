/**
 * Steward killed with -9 in the middle of a fix of a managed server, whose programs end with it each time. The fix goes on after the next start, nothing
 * of it is done twice, and the server ends as it would have without a single kill.
 */
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { until } from '../support/until.ts'
import { type Incident, ok, outcome, page, target } from './support/api.ts'
import { expectFixed } from './support/expectations.ts'
import { describePlaces, killedWhen } from './support/killable.ts'
import { addProgram, running } from './support/managed-servers.ts'

const MOODY = fileURLToPath(new URL('../support/mcp/servers/moody-server.ts', import.meta.url))
const { place, settle } = describePlaces('window: 1s\nactionsPerHostPerHour: 1000\n')

const told = (type: string) => (incident: Incident) => incident.timeline.some((entry) => entry.type === type)
const ran = ({ steps }: Incident) => steps.some(({ step, outcome }) => step === 'fix-1' && outcome !== 'unknown' && outcome !== 'never-ran')

test('a configuration that is put back is put back once, and the server runs', async () => {
  const home = place('server-fix')
  const lives = await settle(home, await home.start())
  const { world } = lives
  const { admin } = world
  const id = await addProgram(admin, 'moody', [MOODY], { maxFailures: 2, restartBudget: 1 }, { MOOD: 'well' })
  await running(admin, id)
  const ill = { displayName: 'moody', transport: { command: process.execPath, args: [MOODY], env: { MOOD: 'ill' } }, maxFailures: 2 }
  await ok(admin.put(`/api/v1/servers/${id}`, ill), outcome)
  await ok(admin.post(`/api/v1/servers/${id}/restart`, { reason: 'to have the change' }), outcome)

  const incidentId = await opened()
  await world.approve(await world.reaches(incidentId, 'awaiting-approval'))
  await killedWhen(incidentId, [told('ExecutionStarted')], { home, ...lives })
  const after = await world.incidentIs(incidentId, (now) => now.state === 'awaiting-approval' || now.state === 'escalated' || ran(now))
  // Killed before its step was in the log, it proves that the step never ran, plans anew and asks anew: an approval is for one execution.
  if (after.state === 'awaiting-approval') await world.approve(after)
  await killedWhen(incidentId, [ran], { home, ...lives })

  await expectFixed(world, incidentId)
  await running(admin, id)
  const changes = (await world.stream(`server-${id}`)).filter(({ type }) => type === 'ServerConfigChanged')
  expect(changes.map(({ data }) => data['by'])).toStrictEqual(['admin', 'healing'])
  expect(await moodOf()).toBe('well')

  async function opened(): Promise<string> {
    const incidents = async () => {
      const targets = await ok(admin.get('/api/v1/targets?service=server'), page(target))
      return world.incidents(targets.items[0]?.id ?? '')
    }
    await until(async () => (await incidents()).length > 0, 60_000)
    return (await incidents())[0]?.id ?? ''
  }

  async function moodOf(): Promise<string | undefined> {
    const shown = z.object({ config: z.object({ transport: z.object({ env: z.record(z.string(), z.string()) }) }) })
    return (await ok(admin.get(`/api/v1/servers/${id}`), shown)).config.transport.env['MOOD']
  }
})
