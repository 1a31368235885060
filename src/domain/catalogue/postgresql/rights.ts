/** What this role of PostgreSQL must be allowed to do, asked of the server itself. */
import { z } from 'zod'
import type { Program } from '../program.ts'
import type { Right } from '../right.ts'
import { type ChosenSession, row, STARTED_AT } from './sessions.ts'

const answer = z.strictObject({ may: z.boolean() })

const asked = (to: string, give: string, run: Program): Right => ({
  to,
  give,
  run,
  isMissing: (said) => said.kind === 'answered' && row(said.output, answer)?.may === false,
})

export const mayReload: Right = asked(
  'run pg_reload_conf() in PostgreSQL',
  'as a superuser, grant execute on function pg_reload_conf() to {user}',
  { kind: 'sql', text: `select has_function_privilege(current_user, 'pg_catalog.pg_reload_conf()', 'execute') as may`, values: [] },
)

/** A session is ended by a member of its role, of pg_signal_backend, or by a superuser. Sessions that are gone by now prove nothing. */
export const mayEnd = (chosen: readonly ChosenSession[]): Right =>
  asked('end sessions of other roles in PostgreSQL', 'as a superuser, grant pg_signal_backend to {user}', {
    kind: 'sql',
    text: `select pg_has_role(current_user, 'pg_signal_backend', 'usage') or not exists (
    select from jsonb_to_recordset($1::jsonb) as wanted (pid int, "startedAt" text)
    join pg_stat_activity as activity on activity.pid = wanted.pid and ${STARTED_AT} = wanted."startedAt"
    where not pg_has_role(current_user, activity.usesysid, 'usage')
  ) as may`,
    values: [JSON.stringify(chosen)],
  })
