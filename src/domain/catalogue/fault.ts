/** A fault as the files in `faults/` describe it, checked. One file, one fault; to add a fault, add a file. */
import type { Json } from '../ports/json.ts'
import type { Severity } from '../severity.ts'
import type { Service } from './action.ts'
import type { SupervisorSight } from './supervisor-sights.ts'

export type Fault = Readonly<{
  id: `${string}.${string}`
  title: string
  service: Service
  severity: Severity
  /** While it lasts, repetitions are counted, not opened again. */
  cooldownMs: number
  detect: readonly Detection[]
  diagnosis: string
  /** In order of preference; the first whose precondition holds is planned. Empty: report only, and `reportOnly` says why. */
  remedies: readonly Remedy[]
  reportOnly?: string
  /** Said to a person when no remedy applies although the service is down: that is no fault that was not confirmed. */
  unremedied?: string
  runbook: string
}>

export type Detection = LogDetection | PollDetection | SupervisorDetection

export type LogDetection = Readonly<{
  kind: 'log'
  /** Which of the service's logs; or REPORT. */
  log: string
  level: readonly string[]
  /** A linear-time regular expression (RE2). Named groups become hints. */
  match: string
  examples: readonly string[]
  nearMisses: readonly string[]
}>

/** In place of a log: what a client of the service saw, told by a program or a person. It has no frame of the service, and no level. */
export const REPORT = 'report'

/** A signal that prints no line: a probe of the catalogue, asked again and again (`STEWARD_POLL_EVERY`), that answers whether the fault is there. */
export type PollDetection = Readonly<{ kind: 'poll'; probe: string }>

/** What the supervisor of the managed servers does or sees, in the words of `supervisor-sights.ts`. */
export type SupervisorDetection = Readonly<{ kind: 'supervisor'; saw: SupervisorSight }>

/** Parameters are literals, or `${target...}`, `${policy...}`, `${baseline...}`, `${hint.<group>}`; a hint is proven by the precondition before use. */
export type Remedy = Readonly<{ action: string; params: Readonly<Record<string, Json>> }>

/** Names captured by a pattern from a log line. Written by anyone who can write to the log; never trusted. */
export type Hints = Readonly<Record<string, string>>
