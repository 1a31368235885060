/** Every event that Steward writes, as one union. Inside the house events are typed; the codec parses them at the edge. */
import type { AnomalyEvent } from './anomaly/events.ts'
import type { ApprovalEvent } from './approval/events.ts'
import type { CommandEvent } from './command/events.ts'
import type { FingerprintEvent } from './fingerprint/events.ts'
import type { HealingSwitchEvent } from './healing-switch/events.ts'
import type { HostEvent } from './host/events.ts'
import type { IncidentEvent } from './incident/events.ts'
import type { Instant } from './instant.ts'
import type { KeyEvent } from './key/events.ts'
import type { LanesEvent } from './lanes/events.ts'
import type { OperationEvent } from './operation/events.ts'
import type { EventMetadata, Position, StreamName } from './ports/event-store.ts'
import type { EffectEvent, ProcessEvent } from './process/events.ts'
import type { RegistryEvent } from './registry/events.ts'
import type { RemedyGuardEvent } from './remedy-guard/events.ts'
import type { ServerEvent } from './server/events.ts'
import type { TargetEvent } from './target/events.ts'
import type { UsageEvent } from './usage/events.ts'

export type DomainEvent =
  | AnomalyEvent
  | ApprovalEvent
  | CommandEvent
  | EffectEvent
  | FingerprintEvent
  | HealingSwitchEvent
  | HostEvent
  | IncidentEvent
  | KeyEvent
  | LanesEvent
  | LogIdentityEvent
  | OperationEvent
  | ProcessEvent
  | RegistryEvent
  | RemedyGuardEvent
  | ServerEvent
  | TargetEvent
  | UsageEvent

/** The first event of a log: what tells it from every other log. */
export type LogIdentityEvent = Readonly<{ type: 'LogCreated'; data: Readonly<{ logId: string; namespace: string }> }>

export type EventType = DomainEvent['type']
export type EventOf<Type extends EventType> = Extract<DomainEvent, { type: Type }>

/** An event as it was recorded: where, when and why. */
export type Recorded<Event extends DomainEvent = DomainEvent> = Event &
  Readonly<{ stream: StreamName; revision: bigint; position: Position; recordedAt: Instant; metadata: EventMetadata }>
