/** What people do with anomalies, incidents, approvals, and the switches over healing. */
import { HEALING_SWITCH_ID } from '../../domain/aggregates.ts'
import { redactSecrets, redactValue } from '../../domain/analysis/redact.ts'
import { templateOf } from '../../domain/analysis/template.ts'
import type { AnomalyStatus } from '../../domain/anomaly/events.ts'
import type { Fault } from '../../domain/catalogue/fault.ts'
import type { DeclaredOutcome } from '../../domain/incident/events.ts'
import type { Instant } from '../../domain/instant.ts'
import type { Json } from '../../domain/ports/json.ts'
import type { CompileLogMatcher } from '../../domain/ports/log-matcher.ts'
import type { Severity } from '../../domain/severity.ts'
import { CommandRefused } from '../command-refused.ts'
import type { RecordAnomaly } from '../detection/record-anomaly.ts'
import { detectionOf, type Sighting, type Tools } from '../detection/sighting.ts'
import { type OperatorCommand, type OperatorTools, operatorCommand, simpleCommand } from './operator-command.ts'

type One = Readonly<{ id: string }>
type WithReason = One & Readonly<{ reason: string }>
type Report = Readonly<{ targetId: string; message: string; severity: Severity; occurredAt?: Instant; context?: Json }>

export type IncidentCommands = Readonly<{
  reportAnomaly: OperatorCommand<Report>
  changeAnomalyStatus: OperatorCommand<One & { status: AnomalyStatus }>
  acknowledgeIncident: OperatorCommand<One>
  closeIncident: OperatorCommand<WithReason>
  resolveIncident: OperatorCommand<WithReason & { outcome: DeclaredOutcome }>
  reanalyseIncident: OperatorCommand<One>
  approve: OperatorCommand<One & { planHash: string }>
  reject: OperatorCommand<WithReason>
  revoke: OperatorCommand<WithReason>
  stopHealing: OperatorCommand<{ reason: string }>
  resumeHealing: OperatorCommand<object>
  resetBreaker: OperatorCommand<WithReason>
  clearRemedy: OperatorCommand<WithReason>
}>

export type IncidentCommandOptions = Readonly<{
  faults: readonly Fault[]
  compileMatcher: CompileLogMatcher
  record: RecordAnomaly
  identity: Tools
}>

export function createIncidentCommands(tools: OperatorTools, options: IncidentCommandOptions): IncidentCommands {
  const withReason = ({ id, reason }: WithReason) => ({ id, reason })
  return {
    reportAnomaly: createReportAnomaly(tools, options),
    changeAnomalyStatus: simpleCommand(
      tools,
      'anomalies.change-status',
      ({ id, status }, { meta, now }) => ({
        aggregate: 'anomaly',
        id,
        command: { type: 'ChangeAnomalyStatus', data: { status, by: meta.owner, now } },
      }),
      ({ id, status }) => ({ id, status }),
    ),
    acknowledgeIncident: simpleCommand(tools, 'incidents.acknowledge', ({ id }, { meta, now }) => ({
      aggregate: 'incident',
      id,
      command: { type: 'AcknowledgeIncident', data: { by: meta.owner, now } },
    })),
    closeIncident: simpleCommand(
      tools,
      'incidents.close',
      ({ id, reason }, { meta, now }) => ({
        aggregate: 'incident',
        id,
        command: { type: 'CloseIncident', data: { by: meta.owner, reason, now } },
      }),
      withReason,
    ),
    resolveIncident: simpleCommand(
      tools,
      'incidents.resolve',
      ({ id, outcome, reason }, { meta, now }) => ({
        aggregate: 'incident',
        id,
        command: { type: 'DeclareOutcome', data: { outcome, by: meta.owner, reason, now } },
      }),
      ({ id, outcome, reason }) => ({ id, outcome, reason }),
    ),
    reanalyseIncident: simpleCommand(tools, 'incidents.reanalyse', ({ id }, { meta, now }) => ({
      aggregate: 'incident',
      id,
      command: { type: 'RequestReanalysis', data: { by: meta.owner, now } },
    })),
    approve: simpleCommand(
      tools,
      'approvals.approve',
      ({ id, planHash }, { meta, now }) => ({
        aggregate: 'approval',
        id,
        command: { type: 'GrantApproval', data: { planHash, by: meta.actor, owner: meta.owner, now } },
      }),
      ({ id, planHash }) => ({ id, planHash }),
    ),
    reject: simpleCommand(
      tools,
      'approvals.reject',
      ({ id, reason }, { meta, now }) => ({
        aggregate: 'approval',
        id,
        command: { type: 'RejectApproval', data: { by: meta.owner, reason, now } },
      }),
      withReason,
    ),
    revoke: simpleCommand(
      tools,
      'approvals.revoke',
      ({ id, reason }, { meta, now }) => ({
        aggregate: 'approval',
        id,
        command: { type: 'RevokeApproval', data: { by: meta.owner, reason, now } },
      }),
      withReason,
    ),
    stopHealing: operatorCommand<{ reason: string }>(tools, {
      name: 'healing.stop',
      subject: () => HEALING_SWITCH_ID,
      body: ({ reason }) => ({ reason }),
      async run({ reason }, { meta, now, handle }) {
        const command = { type: 'StopHealing', data: { by: meta.owner, reason, now } } as const
        return { id: HEALING_SWITCH_ID, handled: await handle({ aggregate: 'healing-switch', id: HEALING_SWITCH_ID, command }) }
      },
      read: () => ({}),
    }),
    resumeHealing: operatorCommand<object>(tools, {
      name: 'healing.resume',
      subject: () => HEALING_SWITCH_ID,
      body: () => ({}),
      async run(_input, { meta, now, handle }) {
        const command = { type: 'ResumeHealing', data: { by: meta.owner, now } } as const
        return { id: HEALING_SWITCH_ID, handled: await handle({ aggregate: 'healing-switch', id: HEALING_SWITCH_ID, command }) }
      },
      read: () => ({}),
    }),
    resetBreaker: simpleCommand(
      tools,
      'breakers.reset',
      ({ id, reason }, { meta, now }) => ({
        aggregate: 'fingerprint',
        id,
        command: { type: 'ResetBreaker', data: { fingerprintId: id, by: meta.owner, reason, now } },
      }),
      withReason,
    ),
    clearRemedy: simpleCommand(
      tools,
      'remedies.clear',
      ({ id, reason }, { meta, now }) => ({
        aggregate: 'remedy-guard',
        id,
        command: { type: 'ClearRemedy', data: { actionId: id, by: meta.owner, reason, now } },
      }),
      withReason,
    ),
  }
}

/** What a program or a person reports: recognised by the same patterns as a log line, and believed as little. */
function createReportAnomaly(tools: OperatorTools, { faults, compileMatcher, record, identity }: IncidentCommandOptions) {
  return operatorCommand<Report>(tools, {
    name: 'anomalies.report',
    subject: ({ targetId }) => targetId,
    body: ({ targetId, message, severity, occurredAt, context }) => ({
      targetId,
      // Kept for ever, and written by a program that may not know what it says.
      message: redactSecrets(message),
      severity,
      ...(occurredAt === undefined ? {} : { occurredAt }),
      ...(context === undefined ? {} : { context: redactValue(context) }),
    }),
    async run({ targetId, message, severity }, { meta, newId, now }) {
      const { state: watched } = await tools.log.states.target(targetId)
      if (watched.situation !== 'registered')
        throw new CommandRefused({ rule: 'target-not-registered', facts: { field: 'targetId', situation: watched.situation } })
      const { registration } = watched
      const own = faults.filter((fault) => fault.service === registration.service)
      const [match] = compileMatcher(own).match([message])
      const as: Sighting['as'] = match
        ? { kind: 'fault', fault: match.fault, hints: match.hints }
        : { kind: 'unknown', template: templateOf(message), severity }
      const source = { kind: 'report', by: meta.owner } as const
      const sighted = detectionOf({ target: registration, source, text: message, as, at: now }, identity)
      const handled = await record.detected({ ...sighted, anomalyId: newId })
      return { id: newId, handled }
    },
    read: () => ({}),
  })
}
