/** One incident and everything that its healing process may hear of: the inputs of the specs, each as short as it can be said. */

import type { Authority, Evidence, IncidentOrigin } from '../../../../src/domain/incident/events.ts'
import { later } from '../../../../src/domain/instant.ts'
import type { Plan } from '../../../../src/domain/plan/plan.ts'
import type {
  ConfirmedRemedy,
  EffectKind,
  EffectResults,
  NamedStep,
  RanStep,
  Restorable,
  StateVector,
} from '../../../../src/domain/processes/effects.ts'
import type { HealingInput } from '../../../../src/domain/processes/healing/state.ts'
import { NOW } from '../../../support/specify-process.ts'

export const now = NOW
export const at = NOW
export const inMs = (ms: number) => later(now, ms)
export const INCIDENT = 'incident'

export const origin: IncidentOrigin = {
  incidentId: INCIDENT,
  anomalyId: 'anomaly',
  targetId: 'target',
  hostId: 'host',
  service: 'redis',
  faultId: 'redis.maxmemory',
  title: 'Redis is out of memory',
  severity: 'critical',
  fingerprint: 'print',
  fingerprintId: 'fingerprint',
  excerpt: { text: 'OOM command not allowed' },
  hints: { client: 'app' },
}

export const evidence: readonly Evidence[] = [{ evidenceId: 'e1', probe: 'health', verdict: 'holds', facts: { level: 'up' } }]

export const remedy: ConfirmedRemedy = {
  action: { id: 'redis.raise-maxmemory', version: 1, params: { bytes: 100 } },
  chosenBy: 'catalogue',
  confidence: 1,
  diagnosis: 'The limit is too low.',
  title: 'Raise the limit',
}

const probe = { kind: 'exec', argv: ['true'] } as const

export const plan: Plan = {
  incidentId: INCIDENT,
  targetId: 'target',
  hostId: 'host',
  hostKeyFingerprint: 'SHA256:key',
  service: 'redis',
  action: remedy.action,
  reversibility: 'reversible',
  risk: 'medium',
  resources: ['service:redis'],
  steps: ['first', 'second'],
  precondition: probe,
  postcondition: probe,
  snapshot: ['file /etc/redis.conf', 'setting maxmemory'],
  files: [],
  windowMs: 10_000,
  timeoutMs: 20_000,
  catalogueVersion: 'c1',
  policyVersion: 'p1',
  planHash: 'HASH',
  title: remedy.title,
  diagnosis: remedy.diagnosis,
  chosenBy: 'catalogue',
  confidence: 1,
  rollback: 'Puts it back.',
  diffs: [],
}

/** What cannot be undone: ending sessions, say. */
export const compensable: Plan = { ...plan, reversibility: 'compensable' }

export const byPolicy: Authority = { kind: 'policy', rule: 'redis' }
export const byPerson: Authority = { kind: 'person', because: ['the target is in mode propose'] }

export const fix1: NamedStep = { name: 'fix-1', say: 'first', run: probe }
export const fix2: NamedStep = { name: 'fix-2', say: 'second', run: probe }
export const steps: readonly NamedStep[] = [fix1, fix2]
export const restore1: NamedStep = { name: 'restore-1', say: 'put back', run: probe }
export const restore2: NamedStep = { name: 'restore-2', say: 'reload', run: probe }
export const rollback: readonly NamedStep[] = [restore1, restore2]
const state = (sha256: string) => ({ kind: 'file', mode: '644', uid: 0, gid: 0, link: '', sha256, attributes: '' })
const asIs = (sha256: string, maxmemory: string): Restorable => ({ files: { '/etc/redis.conf': state(sha256) }, settings: { maxmemory } })
export const before: StateVector = { ...asIs('old', '100'), health: 'up', precondition: 'holds' }
/** As the steps were meant to leave it; and as they were seen to. */
export const meant = asIs('new', '200')
export const seen = asIs('new', '200')

const healing = { process: 'healing', instance: INCIDENT } as const

export const opened: HealingInput = { type: 'IncidentOpened', data: { ...origin, at } }

/** The effect asked for in this turn has this result. */
export const result = <Kind extends EffectKind>(kind: Kind, turn: number, found: EffectResults[Kind]): HealingInput =>
  succeeded({ type: 'EffectSucceeded', data: { ...healing, effectId: `effect ${turn}`, kind, result: found, at } })

/** Kind and result belong together by the signature of `result`. */
const succeeded = (input: Readonly<{ type: 'EffectSucceeded'; data: unknown }>): HealingInput => input as HealingInput

export const failed = (kind: EffectKind, turn: number, says = 'no route to host'): HealingInput => ({
  type: 'EffectFailed',
  data: { ...healing, effectId: `effect ${turn}`, kind, rule: 'HostUnreachable', says: { text: says }, at },
})

export const lost = (turn: number): HealingInput => ({
  type: 'EffectOutcomeUnknown',
  data: { ...healing, effectId: `effect ${turn}`, kind: 'run-step', says: { text: 'the runner is gone' }, at },
})

export const elapsed = (turn: number): HealingInput => ({
  type: 'TimeoutElapsed',
  data: { ...healing, timerId: `timer ${turn}`, name: 'any', at },
})

export const refusedCommand = (command: string, rule: string, facts: Readonly<Record<string, string>> = {}): HealingInput => ({
  type: 'CommandRefused',
  data: { ...healing, commandId: 'command', command, rule, facts, at },
})

export const confirmed = (turn = 1) => result('investigate', turn, { kind: 'confirmed', remedy, evidence })
export const unrecognised = result('investigate', 1, { kind: 'unrecognised', evidence })
export const drafted = (turn: number, authority: Authority = byPolicy, of: Plan = plan) =>
  result('draft', turn, { kind: 'drafted', plan: of, authority, approversNeeded: 1, actionsPerHostPerHour: 6 })
export const preparedWith = (turn: number, undo: readonly NamedStep[] = rollback) =>
  result('prepare', turn, { kind: 'prepared', steps, rollback: undo, before, meant })

export const ran = (executionId: string, { name, say }: NamedStep): RanStep => ({ executionId, step: name, say })
export const stepEnded = (turn: number, executionId: string, step: NamedStep, exitCode = 0) =>
  result('run-step', turn, {
    kind: 'ended',
    exitCode,
    says: { text: '' },
    left: step.name.startsWith('fix') ? seen : null,
    ran: ran(executionId, step),
  })
export const stepNeverRan = (turn: number, executionId: string, step: NamedStep) =>
  result('run-step', turn, { kind: 'never-ran', reason: 'the host is away', ran: ran(executionId, step) })

export const holds = (turn: number) => result('verify', turn, { kind: 'holds', probes: 5 })
export const doesNotHold = (turn: number) => result('verify', turn, { kind: 'does-not-hold', facts: {}, says: 'still full' })

type Became =
  | Readonly<{ kind: 'void' | 'running' }>
  | Readonly<{ kind: 'ended'; exitCode: number }>
  | Readonly<{ kind: 'unknown'; rebooted: boolean }>
/** The host was asked what became of a step. */
export const settled = (turn: number, executionId: string, step: NamedStep, became: Became) =>
  result('settle', turn, { ...became, ran: ran(executionId, step) })

const claim = (executionId: string) => ({
  hostId: 'host',
  targetId: 'target',
  incidentId: INCIDENT,
  executionId,
  actionId: remedy.action.id,
  resources: plan.resources,
})
export const lanesAcquired = (executionId: string): HealingInput => ({ type: 'LanesAcquired', data: { ...claim(executionId), at } })
export const lanesQueued = (executionId: string): HealingInput => ({
  type: 'LanesQueued',
  data: { ...claim(executionId), heldBy: 'another', at },
})
export const lanesOffered = (executionId: string): HealingInput => ({
  type: 'LanesOffered',
  data: { hostId: 'host', incidentId: INCIDENT, executionId, at },
})

const approval = (approvalId: string) => ({ approvalId, incidentId: INCIDENT, at })
export const granted = (approvalId: string, complete = true): HealingInput => ({
  type: 'ApprovalGranted',
  data: { ...approval(approvalId), by: 'key', owner: 'mira', complete },
})
export const rejected = (approvalId: string): HealingInput => ({
  type: 'ApprovalRejected',
  data: { ...approval(approvalId), by: 'mira', reason: 'not now' },
})
export const revoked = (approvalId: string): HealingInput => ({
  type: 'ApprovalRevoked',
  data: { ...approval(approvalId), by: 'mira', reason: 'changed my mind' },
})
export const expired = (approvalId: string): HealingInput => ({ type: 'ApprovalExpired', data: approval(approvalId) })
export const used = (approvalId: string, executionId: string): HealingInput => ({
  type: 'ApprovalUsed',
  data: { ...approval(approvalId), executionId },
})

export const closed: HealingInput = {
  type: 'IncidentClosed',
  data: { incidentId: INCIDENT, outcome: 'closed', by: 'mira', reason: 'known', at },
}
export const healingOffered: HealingInput = { type: 'HealingOffered', data: { incidentId: INCIDENT, at } }
export const reanalyse: HealingInput = { type: 'ReanalysisRequested', data: { incidentId: INCIDENT, by: 'mira', at } }
export const declared = (outcome: 'done' | 'not-done'): HealingInput => ({
  type: 'OutcomeDeclared',
  data: { incidentId: INCIDENT, outcome, by: 'mira', reason: 'I looked', at },
})
