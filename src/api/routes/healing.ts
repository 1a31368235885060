/** The brakes: the global switch, the breakers of fingerprints, and remedies that failed somewhere. */
import { z } from 'zod'
import { defineRoute } from '../define-route.ts'
import { aCommand, aCommandOnOne, aList, aQuery } from '../route-shapes.ts'
import {
  accepted,
  exampleId,
  exampleOutcome,
  exampleTime,
  id,
  listOf,
  listOptions,
  listQuery,
  outcome,
  pageJson,
  pageOf,
  readOptions,
  readQuery,
  timeText,
  withReason,
} from '../schemas/common.ts'
import { stopFile } from '../schemas/stop-file.ts'

export const showHealing = defineRoute({
  ...aQuery,
  path: '/api/v1/healing',
  operation: 'healing.show',
  tag: 'healing',
  summary: 'Show whether healing is stopped',
  description:
    'Two things stop it, each by itself: the switch, and a file `healing.stop` in the data directory of the instance that answers. A file of that name in the state directory on a host stops it there; the incidents that wait for it tell.',
  permission: 'incidents:view',
  query: readQuery,
  answer: {
    status: 200,
    schema: z.object({
      stopped: z.boolean().describe('By the switch.'),
      by: z.string().nullable(),
      reason: z.string().nullable(),
      since: timeText.nullable(),
      stopFile: stopFile.nullable().describe('The file that stops it too, when it is there.'),
    }),
    example: {
      ...{ stopped: true, by: 'mira', reason: 'maintenance window', since: exampleTime },
      stopFile: { path: '/var/lib/steward/healing.stop', since: exampleTime },
    },
  },
  async handle({ query }, { queries, stopFile }) {
    const [{ value, position }, file] = await Promise.all([queries.healingSwitch(readOptions(query)), stopFile.present()])
    const { stopped = false, by = null, reason = null, at: since = null } = value ?? {}
    return { json: { stopped, by, reason, since, stopFile: file ?? null }, position }
  },
})

export const stopHealing = defineRoute({
  ...aCommand,
  path: '/api/v1/healing/stop',
  operation: 'healing.stop',
  tag: 'healing',
  summary: 'Stop all healing',
  description: 'No new step starts anywhere; verification and rollback of what runs are finished. Survives restarts.',
  // Whoever may say yes to a fix may say no to all of them; starting again takes more.
  permission: 'remediation:approve',
  body: withReason.partial(),
  answer: { status: 200, schema: outcome, example: { ...exampleOutcome, id: 'global' } },
  refusals: [],
  handle: async ({ body: { reason = 'stopped' }, meta }, { commands }) => accepted(await commands.stopHealing({ reason, meta })),
})

export const resumeHealing = defineRoute({
  ...aCommand,
  path: '/api/v1/healing/resume',
  operation: 'healing.resume',
  tag: 'healing',
  summary: 'Let healing go on',
  permission: 'remediation:execute',
  answer: { status: 200, schema: outcome, example: { ...exampleOutcome, id: 'global' } },
  refusals: [],
  handle: async ({ meta }, { commands }) => accepted(await commands.resumeHealing({ meta })),
})

const fingerprint = z
  .object({
    id: z.string(),
    fingerprint: z.string(),
    targetId: z.string(),
    title: z.string(),
    openIncident: z.string().nullable(),
    incidents: z.int(),
    repeats: z.int(),
    quietUntil: timeText.nullable(),
    failures: z.int().describe('Fixes that failed since the last one that worked.'),
    breaker: z.enum(['closed', 'open']).describe('open: only people act.'),
    lastSeenAt: timeText,
  })
  .meta({ id: 'Fingerprint' })

export const listFingerprints = defineRoute({
  ...aList,
  path: '/api/v1/fingerprints',
  operation: 'fingerprints.list',
  tag: 'healing',
  summary: 'List fingerprints: what looks alike on one target',
  permission: 'incidents:view',
  query: listQuery.extend({ target_id: id.optional(), breaker: z.enum(['closed', 'open']).optional() }),
  answer: {
    status: 200,
    schema: pageOf(fingerprint),
    example: {
      items: [
        {
          id: exampleId,
          fingerprint: 'nginx.too-many-open-files',
          targetId: '0199f0a0-0000-7000-8000-000000000005',
          title: 'nginx has run out of file descriptors',
          openIncident: null,
          incidents: 2,
          repeats: 17,
          quietUntil: null,
          failures: 2,
          breaker: 'open',
          lastSeenAt: exampleTime,
        },
      ],
      next_cursor: null,
      position: '4711',
    },
  },
  async handle({ query }, { queries }) {
    const page = await queries.fingerprints.list({ ...listOptions(query), targetId: query.target_id, breaker: query.breaker })
    return {
      json: pageJson(page, (row) => ({
        id: row.fingerprintId,
        fingerprint: row.fingerprint,
        targetId: row.targetId,
        title: row.title,
        openIncident: row.openIncident,
        incidents: row.incidents,
        repeats: row.repeats,
        quietUntil: row.quietUntil,
        failures: row.failures,
        breaker: row.breaker,
        lastSeenAt: row.lastSeenAt,
      })),
    }
  },
})

export const resetBreaker = defineRoute({
  ...aCommandOnOne,
  path: '/api/v1/fingerprints/{id}/reset',
  operation: 'fingerprints.reset-breaker',
  tag: 'healing',
  summary: 'Close the breaker of a fingerprint',
  description: 'After two fixes that failed, only people act on a fingerprint. A person found out why, and says so.',
  permission: 'remediation:execute',
  body: withReason,
  answer: { status: 200, schema: outcome, example: exampleOutcome },
  refusals: ['breaker-not-open'],
  handle: async ({ params: { id }, body: { reason }, meta }, { commands }) => accepted(await commands.resetBreaker({ id, reason, meta })),
})

const remedy = z
  .object({
    id: z.string(),
    failedOn: listOf(z.string()).describe('Hosts on which it failed. While there are any, it runs on no host by itself.'),
    lastFailedAt: timeText.nullable(),
    appliedAt: z.record(z.string(), timeText).describe('When it last ran, by target.'),
    clearedBy: z.string().nullable(),
    clearedAt: timeText.nullable(),
  })
  .meta({ id: 'Remedy' })

export const listRemedies = defineRoute({
  ...aList,
  path: '/api/v1/remedies',
  operation: 'remedies.list',
  tag: 'healing',
  summary: 'List what actions did across hosts',
  permission: 'incidents:view',
  query: listQuery,
  answer: {
    status: 200,
    schema: pageOf(remedy),
    example: {
      items: [
        {
          id: 'nginx.reload',
          failedOn: ['0199f0a0-0000-7000-8000-000000000003'],
          lastFailedAt: exampleTime,
          appliedAt: {},
          clearedBy: null,
          clearedAt: null,
        },
      ],
      next_cursor: null,
      position: '4711',
    },
  },
  async handle({ query }, { queries }) {
    const page = await queries.remedyGuards.list(listOptions(query))
    return {
      json: pageJson(page, ({ actionId, failedOn, lastFailedAt, appliedAt, clearedBy, clearedAt }) => ({
        id: actionId,
        failedOn,
        lastFailedAt,
        appliedAt: { ...appliedAt },
        clearedBy,
        clearedAt,
      })),
    }
  },
})

export const clearRemedy = defineRoute({
  ...aCommandOnOne,
  path: '/api/v1/remedies/{id}/clear',
  operation: 'remedies.clear',
  tag: 'healing',
  summary: 'Let an action that failed run again',
  permission: 'remediation:execute',
  body: withReason,
  answer: { status: 200, schema: outcome, example: { ...exampleOutcome, id: 'nginx.reload' } },
  refusals: [],
  handle: async ({ params: { id }, body: { reason }, meta }, { commands }) => accepted(await commands.clearRemedy({ id, reason, meta })),
})

export const healingRoutes = [showHealing, stopHealing, resumeHealing, listFingerprints, resetBreaker, listRemedies, clearRemedy]
