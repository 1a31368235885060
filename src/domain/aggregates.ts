/** Every aggregate by name: its decider, and where its streams are. A command is addressed to one of them. */
import { anomaly } from './anomaly/anomaly.ts'
import { approval } from './approval/decide.ts'
import type { Decider } from './decider.ts'
import { fingerprint } from './fingerprint/fingerprint.ts'
import { healingSwitch } from './healing-switch/healing-switch.ts'
import { host } from './host/host.ts'
import { incident } from './incident/incident.ts'
import { key } from './key/key.ts'
import { lanes } from './lanes/lanes.ts'
import { operation } from './operation/operation.ts'
import type { StreamName } from './ports/event-store.ts'
import { registry } from './registry/registry.ts'
import { remedyGuard } from './remedy-guard/remedy-guard.ts'
import { server } from './server/server.ts'
import { target } from './target/target.ts'

export const aggregates = {
  anomaly,
  approval,
  fingerprint,
  'healing-switch': healingSwitch,
  host,
  incident,
  key,
  lanes,
  operation,
  registry,
  'remedy-guard': remedyGuard,
  server,
  target,
}

export type Aggregates = typeof aggregates
export type AggregateName = keyof Aggregates
export type StateOf<Name extends AggregateName> = Aggregates[Name] extends Decider<infer State, infer _C, infer _E> ? State : never
export type CommandOf<Name extends AggregateName> = Aggregates[Name] extends Decider<infer _S, infer Command, infer _E> ? Command : never
export type AggregateEventOf<Name extends AggregateName> = Aggregates[Name] extends Decider<infer _S, infer _C, infer Event> ? Event : never

/** A command with its address. */
export type Addressed<Name extends AggregateName> = Readonly<{ aggregate: Name; id: string; command: CommandOf<Name> }>
export type AnyCommand = { [Name in AggregateName]: Addressed<Name> }[AggregateName]

export const streamOf = (aggregate: AggregateName, id: string): StreamName => `${aggregate}-${id}`

/** The one healing switch. */
export const HEALING_SWITCH_ID = 'global'
