/** Who waits for a lock, and who stands at the root of each queue. `pg_blocking_pids` is followed until a session that waits for nobody. */
import { z } from 'zod'
import { chosenSessions, MAY_BE_ENDED, STARTED_AT } from './sessions.ts'

export const lockFacts = z.strictObject({
  /** Sessions that have waited at least as long as was asked. */
  waiters: z.int().min(0),
  longestWaitMs: z.int().min(0),
  /** Roots that the selector may touch, the one with most waiters first. */
  blockers: chosenSessions,
  observedAt: z.string(),
  /** False: this role sees only its own sessions in full. Grant pg_monitor. */
  visible: z.boolean(),
})

export type LockFacts = Readonly<z.infer<typeof lockFacts>>

/** `$1` to `$3` as in MAY_BE_ENDED, `$4` least wait in milliseconds, `$5` most blockers. A prepared transaction has pid 0 and is never chosen. */
export const BLOCKING = `with recursive waiting as materialized (
    select lock.pid, max(clock_timestamp() - coalesce(lock.waitstart, activity.query_start)) as waited
    from pg_locks as lock
    join pg_stat_activity as activity on activity.pid = lock.pid
    where not lock.granted
    group by lock.pid
  ),
  blocked as materialized (
    select waiting.pid, blocker
    from waiting, unnest(pg_blocking_pids(waiting.pid)) as blocker
  ),
  behind as (
    select pid as waiter, blocker from blocked
    union
    select behind.waiter, blocked.blocker from behind join blocked on blocked.pid = behind.blocker
  ),
  long as (
    select pid, waited from waiting where waited >= $4::int * interval '1 millisecond'
  ),
  root as (
    select behind.blocker as pid, count(distinct behind.waiter) as waiters
    from behind
    join long on long.pid = behind.waiter
    where not exists (select from blocked where blocked.pid = behind.blocker)
    group by behind.blocker
  )
  select
    (select count(*)::int from long) as waiters,
    (select coalesce(floor(extract(epoch from max(waited)) * 1000), 0)::int from long) as "longestWaitMs",
    (select coalesce(json_agg(json_build_object('pid', pid, 'startedAt', started, 'how', how)), '[]')
     from (
       select activity.pid, ${STARTED_AT} as started, case activity.state when 'active' then 'cancel' else 'terminate' end as how
       from root
       join pg_stat_activity as activity on activity.pid = root.pid
       join pg_roles as role on role.oid = activity.usesysid
       where ${MAY_BE_ENDED}
       order by root.waiters desc
       limit $5::int
     ) as worst) as blockers,
    to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "observedAt",
    (select bool_and(backend_type is not null) from pg_stat_activity) as visible`
