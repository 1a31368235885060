/**
 * Faults that print no line, or not always: probes that are asked again and again. Each compares what it sees with what it saw before, because a
 * counter proves something only when it moves. Like a log line, an answer opens an incident and authorises nothing.
 */

import { z } from 'zod'
import type { JsonObject } from '../ports/json.ts'
import type { Service } from './action.ts'
import { connectionFacts, isExhausted, readConnections } from './postgresql/connections.ts'
import { BLOCKING, lockFacts } from './postgresql/locks.ts'
import { row } from './postgresql/sessions.ts'
import type { Output, Program } from './program.ts'
import { parseInfo, readInfo } from './redis/info.ts'
import { isFull, parseMemory } from './redis/memory.ts'

export type Poll = Readonly<{
  name: string
  service: Service
  run: Program
  /** What was seen, in words that never change while the same thing is seen. Undefined when the output proves nothing. `previous`: the facts of the last look. */
  judge: (output: Output, previous: JsonObject | undefined) => PollAnswer | undefined
}>

/** `facts` are handed back at the next look. `says` stands in for the log line. */
export type PollAnswer = Readonly<{ present: boolean; says: string; facts: JsonObject }>

type Definition<Facts extends JsonObject> = Readonly<{
  name: string
  service: Service
  run: Program
  read: (output: Output) => Facts | undefined
  present: (now: Facts, before: JsonObject | undefined) => boolean
  says: (now: Facts) => string
}>

const definePoll = <Facts extends JsonObject>({ name, service, run, read, present, says }: Definition<Facts>): Poll => ({
  name,
  service,
  run,
  judge(output, previous) {
    const now = read(output)
    return now && { present: present(now, previous), says: says(now), facts: now }
  },
})

/** Shorter waits come and go by themselves. */
const LONG_WAIT_MS = 10_000

export const polls: readonly Poll[] = [
  definePoll({
    name: 'redis.maxmemory',
    service: 'redis',
    run: readInfo,
    read: parseMemory,
    // At the first look, and after a restart, only the state itself can speak.
    present(now, before) {
      const earlier = before?.['refusals']
      const counted = typeof earlier === 'number' && earlier <= now.refusals
      return isFull(now) && (counted ? now.refusals > earlier : now.refusals > 0)
    },
    says: () => 'Redis refuses writes: maxmemory is reached and nothing may be evicted',
  }),
  definePoll({
    name: 'redis.snapshot',
    service: 'redis',
    run: readInfo,
    read(output) {
      const status = parseInfo(output)?.get('rdb_last_bgsave_status')
      return status === undefined ? undefined : { status }
    },
    present: ({ status }) => status === 'err',
    says: () => 'Redis could not save its last snapshot',
  }),
  definePoll({
    name: 'postgresql.connections',
    service: 'postgresql',
    run: readConnections,
    read: (output) => row(output, z.strictObject(connectionFacts)),
    present: (now) => now.visible && isExhausted(now),
    says: () => 'PostgreSQL has no connection slot left for ordinary roles',
  }),
  definePoll({
    name: 'postgresql.locks',
    service: 'postgresql',
    run: {
      kind: 'sql',
      text: BLOCKING,
      values: ['[]', '["idle in transaction", "idle in transaction (aborted)", "active"]', 0, LONG_WAIT_MS, 5],
    },
    read: (output) => row(output, lockFacts),
    present: ({ visible, waiters }) => visible && waiters > 0,
    says: () => 'PostgreSQL sessions have waited long for a lock that another session holds',
  }),
]

export const findPoll = (name: string): Poll | undefined => polls.find((poll) => poll.name === name)
