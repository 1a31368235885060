/**
 * Steward killed with -9 again and again in one incident: as soon as each stage of it can be read. Whatever was under way goes on after the next
 * start, nothing is done twice, and the incident ends as it would have without a single kill.
 */
import { expect, test } from 'vitest'
import type { Incident } from './support/api.ts'
import { watchBackend } from './support/backend.ts'
import { expectFixed, expectRolledBack } from './support/expectations.ts'
import { describePlaces, killedWhen } from './support/killable.ts'
import { refuseConfig, spoilConfig, watchNginx, wrappedNginx } from './support/nginx-target.ts'
import { stateOf, statusOf } from './support/witness.ts'
import type { Inhabited } from './support/world.ts'

const { place, settle } = describePlaces('window: 1s\nactionsPerHostPerHour: 1000\n')

const told = (type: string) => (incident: Incident) => incident.timeline.some((entry) => entry.type === type)
const begun = told('ExecutionStarted')
const ran = ({ steps }: Incident) => steps.some(({ step, outcome }) => step === 'fix-1' && outcome !== 'unknown' && outcome !== 'never-ran')

test('a fix: found, diagnosed, planned, begun, run, verified; one start', async () => {
  const home = place('fix')
  const lives = await settle(home, await home.start())
  const { world } = lives
  const { nginx, target, backend } = await watchBackend(world, 'fix', 'propose')
  expect(await statusOf(nginx.url, '/app')).toBe(502)
  const { id } = await world.opened(target.id, 'nginx.backend-down')
  await killedWhen(id, [told('IncidentOpened'), told('IncidentDiagnosed'), told('PlanProposed')], { home, ...lives })
  await world.approve(await world.reaches(id, 'awaiting-approval'))
  await killedWhen(id, [begun], { home, ...lives })
  await askedAgainIfNothingWasDone(id, world)
  await killedWhen(id, [ran, ({ verification }) => verification !== null], { home, ...lives })
  await expectFixed(world, id)
  expect(backend.starts()).toHaveLength(1)
  expect(await backend.answers()).toBe(true)
})

test('a fix that fails: begun, run, found wrong, rolled back; the state of before is back', async () => {
  const home = place('rollback')
  const lives = await settle(home, await home.start())
  const { world } = lives
  const { nginx, target } = await watchNginx(world, 'rollback', { connection: (daemon) => ({ binary: wrappedNginx(daemon) }) })
  spoilConfig(nginx)
  refuseConfig(nginx, '! grep -q foo_bar')
  const bad = stateOf(nginx.configPath)
  nginx.reload()
  const { id } = await world.opened(target.id, 'nginx.broken-configuration')
  await world.approve(await world.reaches(id, 'awaiting-approval'))
  await killedWhen(id, [begun], { home, ...lives })
  await askedAgainIfNothingWasDone(id, world)
  await killedWhen(id, [ran, told('RollbackStarted'), told('RollbackProven')], { home, ...lives })
  await expectRolledBack(world, target, id)
  expect(stateOf(nginx.configPath)).toEqual(bad)
  expect(await statusOf(nginx.url)).toBe(200)
})

/** Killed before its step reached the host, it proves that the step never ran, plans anew, and asks anew: an approval is for one execution. */
async function askedAgainIfNothingWasDone(id: string, world: Inhabited): Promise<void> {
  const incident = await world.incidentIs(
    id,
    (incident) => incident.state === 'awaiting-approval' || incident.state === 'escalated' || ran(incident),
  )
  if (incident.state === 'awaiting-approval') await world.approve(incident)
}
