/**
 * What is known of a managed server at one moment: what its supervisor makes of it, whether it answers, and what a throw-away instance of it did.
 * Whether a fix is called for is read from here, and from nothing that the server has said of itself.
 */
import { z } from 'zod'
import { failureReasons } from '../../server/events.ts'
import { serverStates } from '../../server/lifecycle.ts'
import { type Output, type Program, type ServerTrial, serverIntents } from '../program.ts'

const sha256OrNone = z.string().regex(/^(?:[0-9a-f]{64})?$/)
/** `untried`: it was not asked for, or the supervisor has not given it up: nothing is started beside a server that may run. */
const trial = z.enum(['works', 'fails', 'untried'])
const reason = z.enum(['', ...failureReasons])

export const serverLook = z.strictObject({
  lifecycle: z.enum(serverStates),
  intent: z.enum(serverIntents),
  /** `acting`: it starts it, or is about to. `gave-up`: it has failed, and nothing more follows. `resting`: nothing is wanted, or nothing wrong. */
  supervisor: z.enum(['acting', 'gave-up', 'resting']),
  /** Why its last run failed, as the supervisor and the kernel saw it. Empty: it did not. */
  because: reason,
  /** The last run that failed had been running. */
  wasRunning: z.boolean(),
  /** Since somebody last wanted it to run. */
  crashes: z.int().min(0),
  failedStarts: z.int().min(0),
  /** Asked just now. */
  lists: z.enum(['yes', 'no', 'not-running']),
  /** SHA-256 of its canonical form. */
  configuration: sha256OrNone,
  configurationAgeSeconds: z.int().min(0),
  /** The last configuration that it ran well with. Empty: none is known, or it is the present one. */
  lastGood: sha256OrNone,
  /** 0: it has no limit. */
  memoryLimitBytes: z.int().min(0),
  present: trial,
  /** Why the trial failed. */
  presentBecause: reason,
  lastGoodWorks: trial,
})
export type ServerLook = Readonly<z.infer<typeof serverLook>>

export const look = (tries: readonly ServerTrial[] = []): Program => ({ kind: 'server', request: { verb: 'look', try: tries } })

/** Undefined: the output proves nothing. */
export function readLook(output: Output): ServerLook | undefined {
  return output.kind === 'value' ? serverLook.safeParse(output.value).data : undefined
}

/** It runs, answers, and has not failed since it was last wanted to run. */
export const runsWell = ({ lifecycle, lists, crashes, failedStarts }: ServerLook): boolean =>
  lifecycle === 'running' && lists === 'yes' && crashes === 0 && failedStarts === 0
