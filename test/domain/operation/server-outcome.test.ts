import { expect, test } from 'vitest'
import type { AskedOperation } from '../../../src/domain/operation/events.ts'
import { serverOutcome } from '../../../src/domain/operation/server-outcome.ts'
import type { ServerEvent } from '../../../src/domain/server/events.ts'
import { server } from '../../../src/domain/server/server.ts'
import { failed, now, registered, running, scheduled, serverId, starting, stopped, told, wanted } from '../server/given.ts'

const crashed = failed({ wasRunning: true, failedStarts: 0, crashes: 1 })
const neverRan = (runId: string) => failed({ wasRunning: false, failedStarts: 1, crashes: 0 }, runId)
const stopAsked: ServerEvent = { type: 'ServerStopRequested', data: told }
const restartAsked: ServerEvent = { type: 'ServerRestartRequested', data: told }
const stopping: ServerEvent = { type: 'ServerStopping', data: { serverId, runId: 'r-1', at: now } }
const up = [registered(), wanted, starting(), running()]

const judge = (kind: AskedOperation, history: readonly ServerEvent[], since: readonly ServerEvent[] = []) =>
  serverOutcome(kind, history.reduce(server.evolve, server.initialState), since)

test('a start has succeeded when the server runs, and not before', () => {
  expect(judge('servers-start', [registered(), wanted])).toBeUndefined()
  expect(judge('servers-start', [registered(), wanted], [starting()])).toBeUndefined()
  expect(judge('servers-start', [registered(), wanted], [starting(), running()])).toMatchObject({ kind: 'succeeded' })
  expect(judge('servers-start', up)).toStrictEqual({ kind: 'succeeded', says: 'runs already' })
  expect(judge('servers-start', [registered(), wanted, starting()], [running()])).toMatchObject({ kind: 'succeeded' })
})

test('a start has failed with the first failure, whatever is tried afterwards', () => {
  const since = [starting(), neverRan('r-1'), scheduled(1), starting('r-2'), running('r-2')]
  expect(judge('servers-start', [registered(), wanted], since)).toMatchObject({ kind: 'failed', rule: 'exited' })
})

test('a restart wants another run than the one that there was', () => {
  expect(judge('servers-restart', [...up, restartAsked], [stopping, stopped()])).toBeUndefined()
  const again = [stopping, stopped(), starting('r-2'), running('r-2')]
  expect(judge('servers-restart', [...up, restartAsked], again)).toMatchObject({ kind: 'succeeded' })
  // The old run fell just before it was to be stopped: that says nothing of the new one.
  expect(judge('servers-restart', [...up, restartAsked], [crashed])).toBeUndefined()
  expect(judge('servers-restart', [...up, restartAsked], [crashed, starting('r-2'), neverRan('r-2')])).toMatchObject({ kind: 'failed' })
})

test('a start while the old run ends waits for the next one', () => {
  const ending = [...up, stopAsked, stopping, wanted]
  expect(judge('servers-start', ending)).toBeUndefined()
  expect(judge('servers-start', ending, [stopped(), starting('r-2'), running('r-2')])).toMatchObject({ kind: 'succeeded' })
})

test('a stop has succeeded when nothing runs any more', () => {
  expect(judge('servers-stop', [registered()])).toStrictEqual({ kind: 'succeeded', says: 'does not run' })
  expect(judge('servers-stop', [...up, stopAsked], [stopping])).toBeUndefined()
  expect(judge('servers-stop', [...up, stopAsked], [stopping, stopped()])).toMatchObject({ kind: 'succeeded' })
  expect(judge('servers-stop', [...up, stopAsked], [crashed])).toMatchObject({ kind: 'succeeded' })
})

test('a later wish of somebody else ends the waiting', () => {
  expect(judge('servers-start', [registered(), wanted], [starting(), stopAsked])).toStrictEqual({
    kind: 'failed',
    rule: 'changed-since',
    says: { text: 'ServerStopRequested by mira came in between' },
  })
  expect(judge('servers-stop', [...up, stopAsked], [wanted])).toMatchObject({ kind: 'failed', rule: 'changed-since' })
})

test('what is only recorded is done when it is recorded', () => {
  for (const kind of ['servers-enable', 'servers-disable', 'servers-retire'] as const)
    expect(judge(kind, up)).toMatchObject({ kind: 'succeeded' })
})
