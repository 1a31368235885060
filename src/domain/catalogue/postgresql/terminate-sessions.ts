/** PostgreSQL has no connection slot left for ordinary roles: end sessions that have been idle too long, oldest first, and no more than agreed. */
import { z } from 'zod'
import type { Action, Probe } from '../action.ts'
import { parseParams } from '../common/params.ts'
import { CONNECTION_COLUMNS, connectionFacts, freeSlots, isExhausted } from './connections.ts'
import { endSessions } from './end-sessions.ts'
import { mayEnd } from './rights.ts'
import { chosenSessions, describe, MAY_BE_ENDED, riskOfEnding, row, STARTED_AT, selectorValues, sessionSelector } from './sessions.ts'

const params = z.strictObject(sessionSelector)
type Params = z.infer<typeof params>

const facts = z.strictObject({ ...connectionFacts, observedAt: z.string(), sessions: chosenSessions })
type Facts = Readonly<z.infer<typeof facts>>

/** After the cure, this part of the slots is free, or as many as were allowed to be ended. */
const MARGIN = 0.05

const connections: Omit<Probe<Params, Facts>, 'holds'> = {
  run: (params) => ({
    kind: 'sql',
    text: `select ${CONNECTION_COLUMNS},
    to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "observedAt",
    (select coalesce(json_agg(json_build_object('pid', pid, 'startedAt', started, 'how', 'terminate')), '[]')
     from (
       select activity.pid, ${STARTED_AT} as started
       from pg_stat_activity as activity
       join pg_roles as role on role.oid = activity.usesysid
       where ${MAY_BE_ENDED}
       order by activity.state_change
       limit $4::int
     ) as oldest) as sessions`,
    values: [...selectorValues(params), params.max],
  }),
  read(output) {
    const found = row(output, facts)
    return found?.visible ? found : undefined
  },
}

export const terminateSessions: Action<Params, Facts> = {
  id: 'postgresql.terminate-sessions',
  version: 1,
  service: 'postgresql',
  title: 'End idle sessions, so that ordinary roles can connect again',
  reversibility: 'compensable',
  privilege: 'fixer',
  parse: parseParams('postgresql.terminate-sessions', params),
  risk: riskOfEnding,
  resources: () => ['service:postgresql'],
  precondition: { ...connections, holds: (facts) => isExhausted(facts) && facts.sessions.length > 0 },
  rights: (_params, { sessions }) => [mayEnd(sessions)],
  snapshot: () => [],
  steps: (params, { sessions, observedAt }) => [endSessions(`end ${describe(params)}`, params, sessions, observedAt)],
  afterRestore: () => [],
  postcondition: { ...connections, holds: (facts, { max }) => freeSlots(facts) >= Math.min(max, margin(facts)) },
  timeoutMs: 30_000,
}

const margin = ({ maxConnections, reserved }: Facts): number => Math.max(1, Math.ceil(MARGIN * (maxConnections - reserved)))
