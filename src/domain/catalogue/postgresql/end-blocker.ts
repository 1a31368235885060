/**
 * Sessions wait for a lock that somebody holds and does not give back: end the session at the root of the queue. One that sits idle in its
 * transaction is terminated; of one that works, the statement is cancelled. Sessions that wait themselves are never touched.
 */
import { z } from 'zod'
import type { Action, Probe } from '../action.ts'
import { parseParams } from '../common/params.ts'
import { endSessions } from './end-sessions.ts'
import { BLOCKING, type LockFacts, lockFacts } from './locks.ts'
import { mayEnd } from './rights.ts'
import { describe, riskOfEnding, row, selectorValues, sessionSelector } from './sessions.ts'

const params = z.strictObject({ ...sessionSelector, minWaitMs: z.int().min(100).max(86_400_000) })
type Params = z.infer<typeof params>

/** Shorter waits are everyday work and do not tell against the cure. */
const EVERYDAY_WAIT_MS = 1_000

const waiting = (minWaitMs: (params: Params) => number): Omit<Probe<Params, LockFacts>, 'holds'> => ({
  run: (params) => ({ kind: 'sql', text: BLOCKING, values: [...selectorValues(params), minWaitMs(params), params.max] }),
  read(output) {
    const found = row(output, lockFacts)
    return found?.visible ? found : undefined
  },
})

export const endBlocker: Action<Params, LockFacts> = {
  id: 'postgresql.end-blocker',
  version: 1,
  service: 'postgresql',
  title: 'End the session at the root of a queue of waiting sessions',
  reversibility: 'compensable',
  privilege: 'fixer',
  parse: parseParams('postgresql.end-blocker', params),
  risk: riskOfEnding,
  resources: () => ['service:postgresql'],
  precondition: { ...waiting(({ minWaitMs }) => minWaitMs), holds: ({ waiters, blockers }) => waiters > 0 && blockers.length > 0 },
  rights: (_params, { blockers }) => [mayEnd(blockers)],
  snapshot: () => [],
  steps: (params, { blockers, observedAt }) => [
    endSessions(`end the sessions that others wait for: ${describe(params)}`, params, blockers, observedAt),
  ],
  afterRestore: () => [],
  postcondition: { ...waiting(({ minWaitMs }) => Math.max(minWaitMs, EVERYDAY_WAIT_MS)), holds: ({ waiters }) => waiters === 0 },
  timeoutMs: 30_000,
}
