/** A target as it is shown: the watched service, what may be done to it, and how it is. */
import { z } from 'zod'
import { services } from '../../domain/catalogue/action.ts'
import { severities } from '../../domain/severity.ts'
import { modes } from '../../domain/target/events.ts'
import type { TargetView } from '../../projections/queries/index.ts'
import { exampleId, exampleTime, listOf, positionText, timeText } from './common.ts'

export const targetStatus = z
  .enum(['retired', 'frozen', 'paused', 'unseen', 'pending', 'troubled', 'healthy'])
  .describe('The first that is true, in this order. pending: not looked at yet. troubled: an incident is open.')

export const target = z
  .object({
    id: z.string(),
    name: z.string(),
    hostId: z.string(),
    service: z.enum(services),
    logPaths: listOf(z.string()),
    configPaths: listOf(z.string()),
    stateDir: z.string(),
    connection: z.record(z.string(), z.unknown()).nullable().describe('As it was given. Passwords are references.'),
    mode: z.enum(modes),
    status: targetStatus,
    paused: z.boolean(),
    pausedReason: z.string().nullable(),
    frozen: z.boolean(),
    frozenBy: z.string().nullable().describe('The incident that froze it.'),
    frozenReason: z.string().nullable(),
    visibility: z.enum(['unknown', 'visible', 'unseen']),
    unseenReason: z.string().nullable(),
    seenAt: timeText.nullable(),
    baselineEntries: z.int(),
    baselineAt: timeText.nullable(),
    anomalies: z.int(),
    lastAnomalyId: z.string().nullable(),
    lastAnomalyAt: timeText.nullable(),
    logGaps: z.int(),
    openIncidents: z.int(),
    worstSeverity: z.enum(severities).nullable(),
    registeredBy: z.string(),
    registeredAt: timeText,
    revision: positionText,
  })
  .meta({ id: 'Target' })

export const exampleTarget: z.input<typeof target> = {
  id: exampleId,
  name: 'web-01-nginx',
  hostId: '0199f0a0-0000-7000-8000-000000000003',
  service: 'nginx',
  logPaths: ['/var/log/nginx/error.log'],
  configPaths: ['/etc/nginx/nginx.conf'],
  stateDir: '/var/lib/steward',
  connection: null,
  mode: 'propose',
  status: 'healthy',
  paused: false,
  pausedReason: null,
  frozen: false,
  frozenBy: null,
  frozenReason: null,
  visibility: 'visible',
  unseenReason: null,
  seenAt: exampleTime,
  baselineEntries: 12,
  baselineAt: exampleTime,
  anomalies: 0,
  lastAnomalyId: null,
  lastAnomalyAt: null,
  logGaps: 0,
  openIncidents: 0,
  worstSeverity: null,
  registeredBy: 'admin-key',
  registeredAt: exampleTime,
  revision: '2',
}

export const targetJson = (view: TargetView): z.input<typeof target> => ({
  id: view.targetId,
  name: view.name,
  hostId: view.hostId,
  service: view.service,
  logPaths: view.logPaths,
  configPaths: view.configPaths,
  stateDir: view.stateDir,
  connection: view.connection,
  mode: view.mode,
  status: view.status,
  paused: view.paused,
  pausedReason: view.pausedReason,
  frozen: view.frozen,
  frozenBy: view.frozenBy,
  frozenReason: view.frozenReason,
  visibility: view.visibility,
  unseenReason: view.unseenReason,
  seenAt: view.seenAt,
  baselineEntries: view.baselineEntries,
  baselineAt: view.baselineAt,
  anomalies: view.anomalies,
  lastAnomalyId: view.lastAnomalyId,
  lastAnomalyAt: view.lastAnomalyAt,
  logGaps: view.logGaps,
  openIncidents: view.openIncidents,
  worstSeverity: view.worstSeverity,
  registeredBy: view.registeredBy,
  registeredAt: view.registeredAt,
  revision: String(view.revision),
})
