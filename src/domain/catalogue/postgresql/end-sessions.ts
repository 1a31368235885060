/** Ends chosen sessions. Harmless when late or repeated: it has a deadline, names pid and start of each session, and repeats the whole condition. */
import type { Step } from '../action.ts'
import { type ChosenSession, MAY_BE_ENDED, type SessionSelector, STARTED_AT, selectorValues } from './sessions.ts'

/** After this long since the probe, the statement does nothing. */
const DEADLINE_SECONDS = 30
/** How long each session may take to be gone. */
const GONE_AFTER_MS = 2_000

export const endSessions = (say: string, selector: SessionSelector, chosen: readonly ChosenSession[], observedAt: string): Step => ({
  say,
  run: {
    kind: 'sql',
    text: `with chosen as materialized (
    select activity.pid, wanted.how
    from jsonb_to_recordset($4::jsonb) as wanted (pid int, "startedAt" text, how text)
    join pg_stat_activity as activity on activity.pid = wanted.pid and ${STARTED_AT} = wanted."startedAt"
    join pg_roles as role on role.oid = activity.usesysid
    where ${MAY_BE_ENDED}
      and clock_timestamp() < $5::timestamptz + $6::int * interval '1 second'
  )
  select pid, how, case how when 'cancel' then pg_cancel_backend(pid) else pg_terminate_backend(pid, $7::bigint) end as ended
  from chosen`,
    values: [...selectorValues(selector), JSON.stringify(chosen), observedAt, DEADLINE_SECONDS, GONE_AFTER_MS],
  },
})
