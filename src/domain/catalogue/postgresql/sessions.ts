/**
 * Which database sessions an action may end. The plan names this bounded selector; pids are resolved under the lock, together with the start of
 * each session, because a pid is used again.
 */
import { z } from 'zod'
import type { Risk } from '../action.ts'
import type { Output } from '../program.ts'

const states = ['idle', 'idle in transaction', 'idle in transaction (aborted)', 'active'] as const

export const sessionSelector = {
  /** Empty: every role but superusers and our own; then a person has to look. */
  users: z.array(z.string().min(1).max(63)).max(64),
  states: z.array(z.enum(states)).min(1),
  minIdleMs: z.int().min(0).max(86_400_000),
  max: z.int().min(1).max(100),
}

export type SessionSelector = Readonly<{ users: readonly string[]; states: readonly string[]; minIdleMs: number; max: number }>

/** Lost work of named users, a few at a time, is what the policy agreed to; anything wider is for a person. */
export const riskOfEnding = ({ users }: SessionSelector): Risk => (users.length > 0 ? 'medium' : 'high')

export const describe = ({ users, states, minIdleMs, max }: SessionSelector): string =>
  `at most ${max} sessions of ${users.length > 0 ? users.join(', ') : 'any role that is not a superuser'}, ${states.join(' or ')} for ${minIdleMs} ms or longer`

/** A session that was chosen: `startedAt` in microseconds, so that nobody else's later session can match. */
export type ChosenSession = Readonly<{ pid: number; startedAt: string; how: 'terminate' | 'cancel' }>

export const STARTED_AT = `to_char(activity.backend_start at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US')`

/** A session that the selector may touch. `$1` users and `$2` states as JSON, `$3` idle milliseconds. Never a superuser, never ourselves. */
export const MAY_BE_ENDED = `activity.backend_type = 'client backend'
      and activity.pid <> pg_backend_pid()
      and not role.rolsuper
      and case when jsonb_array_length($1::jsonb) = 0 then activity.usename <> current_user
               else activity.usename in (select jsonb_array_elements_text($1::jsonb)) end
      and activity.state in (select jsonb_array_elements_text($2::jsonb))
      and case activity.state when 'active' then activity.query_start else activity.state_change end
          <= clock_timestamp() - $3::int * interval '1 millisecond'`

export const selectorValues = ({ users, states, minIdleMs }: SessionSelector): readonly [string, string, number] => [
  JSON.stringify(users),
  JSON.stringify(states),
  minIdleMs,
]

const chosen = z.array(z.strictObject({ pid: z.int().min(2), startedAt: z.string().min(20).max(40), how: z.enum(['terminate', 'cancel']) }))

/** The one row of a probe; undefined when the output is something else. */
export function row<Row>(output: Output, schema: z.ZodType<Row>): Row | undefined {
  if (output.kind !== 'rows' || output.rows.length !== 1) return undefined
  const result = schema.safeParse(output.rows[0])
  return result.success ? result.data : undefined
}

export const chosenSessions = chosen
