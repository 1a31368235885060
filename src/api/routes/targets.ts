/** Targets: watched services on hosts. What may be done to one depends on its mode, and on whether it is paused or frozen. */
import { z } from 'zod'
import { hostServices, services } from '../../domain/catalogue/action.ts'
import { absolutePath, fitsService, serviceSettings } from '../../domain/catalogue/inventory.ts'
import { modes } from '../../domain/target/events.ts'
import { defineRoute } from '../define-route.ts'
import { aCommand, aCommandOnOne, aList, aPageOf, aThing } from '../route-shapes.ts'
import {
  accepted,
  exampleOutcome,
  exampleTime,
  flag,
  found,
  id,
  listOptions,
  name,
  outcome,
  pagedListQuery,
  pageJson,
  readOptions,
  timeText,
  withReason,
} from '../schemas/common.ts'
import { exampleTarget, target, targetJson, targetStatus } from '../schemas/target.ts'

const example = { ...exampleOutcome, id: exampleTarget.id }

export const registerTarget = defineRoute({
  ...aCommand,
  path: '/api/v1/targets',
  operation: 'targets.register',
  tag: 'targets',
  summary: 'Register a target',
  permission: 'targets:manage',
  body: z
    .strictObject({
      name,
      hostId: id,
      service: z.enum(hostServices).describe('Managed servers are targets by themselves.'),
      logPaths: z.array(absolutePath).max(16).describe('The first is the error log.'),
      configPaths: z.array(absolutePath).max(32).default([]).describe('The first is the file that the service is started with.'),
      connection: serviceSettings.optional(),
      stateDir: absolutePath.optional().describe('Where Steward keeps marks, snapshots and contents on the host.'),
      mode: z.enum(modes).default('propose'),
    })
    .refine(({ service, connection }) => fitsService(service, connection), {
      path: ['connection', 'kind'],
      message: 'must be the service that the target names',
    }),
  answer: { status: 201, schema: outcome, example },
  refusals: [
    'host-not-registered',
    'host-unreachable',
    'name-taken',
    'path-missing',
    'path-unreadable',
    'secret-unavailable',
    'service-not-running',
    'service-refused',
    'service-unseen',
    'state-dir-unknown',
    'state-dir-unwritable',
  ],
  async handle({ body: { connection, stateDir, ...body }, meta }, { commands }) {
    return accepted(
      await commands.registerTarget({
        ...body,
        ...(connection === undefined ? {} : { connection }),
        ...(stateDir === undefined ? {} : { stateDir }),
        meta,
      }),
    )
  },
})

export const listTargets = defineRoute({
  ...aList,
  path: '/api/v1/targets',
  operation: 'targets.list',
  tag: 'targets',
  summary: 'List targets',
  permission: 'targets:view',
  query: pagedListQuery.extend({
    name: z.string().max(63).optional(),
    host_id: id.optional(),
    service: z.enum(services).optional(),
    mode: z.enum(modes).optional(),
    paused: flag.optional(),
    frozen: flag.optional(),
    state: z.enum(['registered', 'retired', 'all']).default('registered'),
  }),
  answer: aPageOf(target, exampleTarget),
  async handle({ query }, { queries }) {
    const { host_id: hostId, name, service, mode, paused, frozen, state } = query
    const page = await queries.targets.list({ ...listOptions(query), hostId, name, service, mode, paused, frozen, state })
    return { json: pageJson(page, targetJson) }
  },
})

export const showTarget = defineRoute({
  ...aThing,
  path: '/api/v1/targets/{id}',
  operation: 'targets.show',
  tag: 'targets',
  summary: 'Show a target',
  permission: 'targets:view',
  answer: { status: 200, schema: target, example: exampleTarget },
  handle: async ({ params, query }, { queries }) => found(await queries.targets.show(params.id, readOptions(query)), targetJson),
})

export const showTargetStatus = defineRoute({
  ...aThing,
  path: '/api/v1/targets/{id}/status',
  operation: 'targets.status',
  tag: 'targets',
  summary: 'Show how a target is',
  permission: 'targets:view',
  answer: {
    status: 200,
    schema: z.object({
      id: z.string(),
      name: z.string(),
      status: targetStatus,
      because: z.string().nullable().describe('Why it is paused, frozen or unseen.'),
      mode: z.enum(modes),
      openIncidents: z.int(),
      worstSeverity: z.string().nullable(),
      lastAnomalyAt: timeText.nullable(),
      seenAt: timeText.nullable(),
    }),
    example: {
      id: exampleTarget.id,
      name: exampleTarget.name,
      status: 'healthy',
      because: null,
      mode: 'propose',
      openIncidents: 0,
      worstSeverity: null,
      lastAnomalyAt: null,
      seenAt: exampleTime,
    },
  },
  handle: async ({ params, query }, { queries }) =>
    found(await queries.targets.show(params.id, readOptions(query)), (view) => ({
      id: view.targetId,
      name: view.name,
      status: view.status,
      because: view.frozenReason ?? view.pausedReason ?? view.unseenReason,
      mode: view.mode,
      openIncidents: view.openIncidents,
      worstSeverity: view.worstSeverity,
      lastAnomalyAt: view.lastAnomalyAt,
      seenAt: view.seenAt,
    })),
})

export const changeTargetMode = defineRoute({
  ...aCommandOnOne,
  method: 'PUT',
  path: '/api/v1/targets/{id}/mode',
  operation: 'targets.change-mode',
  tag: 'targets',
  summary: 'Change the mode of a target',
  description:
    'observe: detect and tell. propose: plan, and wait for a person. act: the policy may approve. Before a target that was only observed may be acted upon, its state directory on the host is tried.',
  permission: 'targets:manage',
  ifMatch: 'required',
  body: z.strictObject({ mode: z.enum(modes) }),
  answer: { status: 200, schema: outcome, example },
  refusals: ['target-not-registered', 'state-dir-unwritable', 'host-unreachable', 'concurrency-conflict', 'precondition-required'],
  handle: async ({ params: { id }, body: { mode }, meta }, { commands }) => accepted(await commands.changeTargetMode({ id, mode, meta })),
})

export const pauseTarget = defineRoute({
  ...aCommandOnOne,
  path: '/api/v1/targets/{id}/pause',
  operation: 'targets.pause',
  tag: 'targets',
  summary: 'Pause a target',
  description: 'Nothing is detected on it and no fix begins until it is resumed. A fix that runs is finished.',
  permission: 'targets:operate',
  body: withReason.partial(),
  answer: { status: 200, schema: outcome, example },
  refusals: ['target-not-registered'],
  handle: async ({ params: { id }, body: { reason = 'paused' }, meta }, { commands }) =>
    accepted(await commands.pauseTarget({ id, reason, meta })),
})

export const resumeTarget = defineRoute({
  ...aCommandOnOne,
  path: '/api/v1/targets/{id}/resume',
  operation: 'targets.resume',
  tag: 'targets',
  summary: 'Resume a paused target',
  permission: 'targets:operate',
  answer: { status: 200, schema: outcome, example },
  refusals: ['target-not-registered'],
  handle: async ({ params: { id }, meta }, { commands }) => accepted(await commands.resumeTarget({ id, meta })),
})

export const unfreezeTarget = defineRoute({
  ...aCommandOnOne,
  path: '/api/v1/targets/{id}/unfreeze',
  operation: 'targets.unfreeze',
  tag: 'targets',
  summary: 'Unfreeze a target',
  description: 'A target freezes when nobody can prove what a fix or its rollback did. A person looked, and says why it is safe again.',
  permission: 'remediation:execute',
  body: withReason,
  answer: { status: 200, schema: outcome, example },
  refusals: ['target-not-registered', 'target-not-frozen'],
  handle: async ({ params: { id }, body: { reason }, meta }, { commands }) => accepted(await commands.unfreezeTarget({ id, reason, meta })),
})

export const acceptDrift = defineRoute({
  ...aCommandOnOne,
  path: '/api/v1/targets/{id}/baseline',
  operation: 'targets.accept-drift',
  tag: 'targets',
  summary: 'Record the baseline now',
  description: 'What is on the host now - modes, owners, configuration - becomes what a fix may restore.',
  permission: 'remediation:execute',
  rateClass: 'costly',
  body: withReason,
  answer: { status: 202, schema: outcome, example },
  refusals: ['target-not-registered', 'target-unseen', 'host-unreachable'],
  handle: async ({ params: { id }, body: { reason }, meta }, { commands }) => accepted(await commands.acceptDrift({ id, reason, meta })),
})

export const retireTarget = defineRoute({
  ...aCommandOnOne,
  method: 'DELETE',
  path: '/api/v1/targets/{id}',
  operation: 'targets.retire',
  tag: 'targets',
  summary: 'Retire a target',
  description:
    'It is watched no more; its open incidents are closed with the outcome `target-retired`, and approvals that wait are revoked. Its history stays. While a fix runs on it, or nobody knows how one ended, it is refused.',
  permission: 'targets:manage',
  ifMatch: 'required',
  body: withReason.partial(),
  answer: { status: 200, schema: outcome, example },
  refusals: ['target-not-registered', 'target-of-a-server', 'target-is-being-fixed', 'concurrency-conflict', 'precondition-required'],
  handle: async ({ params: { id }, body: { reason = 'deleted' }, meta }, { commands }) =>
    accepted(await commands.retireTarget({ id, reason, meta })),
})

export const targetRoutes = [
  registerTarget,
  listTargets,
  showTarget,
  showTargetStatus,
  changeTargetMode,
  pauseTarget,
  resumeTarget,
  unfreezeTarget,
  acceptDrift,
  retireTarget,
]
