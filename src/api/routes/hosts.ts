/** Hosts: machines that Steward reaches over SSH. A host key is pinned when the host is registered, after a person compared it. */
import { z } from 'zod'
import { defineRoute } from '../define-route.ts'
import { aCommand, aCommandOnOne, aList, aPageOf, aThing } from '../route-shapes.ts'
import {
  accepted,
  exampleOutcome,
  found,
  listOptions,
  listQuery,
  name,
  outcome,
  outcomeJson,
  pageJson,
  readOptions,
  withReason,
} from '../schemas/common.ts'
import { exampleHost, host, hostJson } from '../schemas/host.ts'
import { secretReference } from '../schemas/secret-reference.ts'

const hostKey = z
  .string()
  .max(4_096)
  .regex(/^[a-z0-9@.-]{3,64} [A-Za-z0-9+/]+={0,2}$/, 'must be a key as in known_hosts: type and base64')
  .optional()
const sharedHostKey = z
  .boolean()
  .optional()
  .describe('It is another machine, although a host that is registered shows the same key, as clones do. Lanes and budgets stay separate.')

const warned = outcome.extend({ warning: z.string().nullable().describe('What you should know about what was done.') })
const exampleWarned = { ...exampleOutcome, warning: null }

/** Without a value a field is left out: nobody said anything. */
const keyToConfirm = (given: Readonly<{ hostKey?: string | undefined; sharedHostKey?: boolean | undefined }>) => ({
  ...(given.hostKey === undefined ? {} : { hostKey: given.hostKey }),
  ...(given.sharedHostKey === undefined ? {} : { sharedHostKey: given.sharedHostKey }),
})

/** By which a host that is not registered yet may be refused. */
const strangers = [
  'host-key-unconfirmed',
  'host-key-mismatch',
  'host-key-taken',
  'host-unreachable',
  'not-an-ssh-server',
  'secret-unavailable',
  'private-key-invalid',
  'login-refused',
  'shell-unusable',
] as const

export const registerHost = defineRoute({
  ...aCommand,
  path: '/api/v1/hosts',
  operation: 'hosts.register',
  tag: 'hosts',
  summary: 'Register a host',
  description:
    'Without `hostKey` the answer is 409 HOST_KEY_UNCONFIRMED: `details.fingerprint` is to be compared with the host, `details.hostKey` to be sent again. Steward logs in before it records anything. A machine is registered once: a key that another host shows is refused.',
  permission: 'hosts:manage',
  rateClass: 'costly',
  body: z.strictObject({
    name,
    address: z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9.-]{0,252})$|^[0-9a-fA-F:.]{2,45}$/, 'must be a host name or an IP address'),
    port: z.int().min(1).max(65_535).default(22),
    username: z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/, 'must be the name of an account'),
    privateKey: secretReference,
    hostKey,
    sharedHostKey,
  }),
  answer: { status: 201, schema: warned, example: exampleWarned },
  refusals: [...strangers, 'host-already-registered', 'name-taken'],
  async handle({ body: { name, address, port, username, privateKey, ...given }, meta }, { commands }) {
    const input = { name, address, port, username, privateKey, ...keyToConfirm(given), meta }
    const { warning = null, ...result } = await commands.registerHost(input)
    return { json: { ...outcomeJson(result), warning }, revision: result.revision }
  },
})

export const changeHostKey = defineRoute({
  ...aCommandOnOne,
  method: 'PUT',
  path: '/api/v1/hosts/{id}/host-key',
  operation: 'hosts.change-key',
  tag: 'hosts',
  summary: 'Change the key of a host',
  description:
    'After the key of the machine was renewed. Confirmed as at registration: without `hostKey` the answer is 409 HOST_KEY_UNCONFIRMED. Plans that were approved for the old key are void.',
  permission: 'hosts:manage',
  rateClass: 'costly',
  ifMatch: 'required',
  body: z.strictObject({ hostKey, sharedHostKey }),
  answer: { status: 200, schema: warned, example: exampleWarned },
  refusals: [...strangers, 'host-not-registered', 'concurrency-conflict', 'precondition-required'],
  async handle({ params: { id }, body, meta }, { commands }) {
    const { warning = null, ...result } = await commands.changeHostKey({ id, ...keyToConfirm(body), meta })
    return { json: { ...outcomeJson(result), warning }, revision: result.revision }
  },
})

export const listHosts = defineRoute({
  ...aList,
  path: '/api/v1/hosts',
  operation: 'hosts.list',
  tag: 'hosts',
  summary: 'List hosts',
  permission: 'hosts:view',
  query: listQuery.extend({ name: z.string().max(63).optional(), state: z.enum(['registered', 'retired', 'all']).default('registered') }),
  answer: aPageOf(host, exampleHost),
  async handle({ query }, { queries }) {
    const page = await queries.hosts.list({ ...listOptions(query), name: query.name, state: query.state })
    return { json: pageJson(page, hostJson) }
  },
})

export const showHost = defineRoute({
  ...aThing,
  path: '/api/v1/hosts/{id}',
  operation: 'hosts.show',
  tag: 'hosts',
  summary: 'Show a host',
  permission: 'hosts:view',
  answer: { status: 200, schema: host, example: exampleHost },
  handle: async ({ params, query }, { queries }) => found(await queries.hosts.show(params.id, readOptions(query)), hostJson),
})

export const testHost = defineRoute({
  ...aCommandOnOne,
  path: '/api/v1/hosts/{id}/test',
  operation: 'hosts.test',
  tag: 'hosts',
  summary: 'Test the connection to a host',
  description: 'Logs in and runs a harmless program. A host that cannot be reached is an answer, not an error.',
  permission: 'targets:operate',
  rateClass: 'costly',
  answer: {
    status: 200,
    schema: outcome.extend({
      reachable: z.boolean(),
      durationMs: z.number(),
      rule: z.string().nullable().describe('Why it was not reached.'),
      says: z.string().nullable(),
    }),
    example: { ...exampleOutcome, reachable: true, durationMs: 41, rule: null, says: null },
  },
  refusals: ['host-not-registered'],
  async handle({ params: { id }, meta }, { commands }) {
    const { reachable, durationMs, rule = null, says = null, ...result } = await commands.testHost({ id, meta })
    return { json: { ...outcomeJson(result), reachable, durationMs, rule, says } }
  },
})

export const retireHost = defineRoute({
  ...aCommandOnOne,
  method: 'DELETE',
  path: '/api/v1/hosts/{id}',
  operation: 'hosts.retire',
  tag: 'hosts',
  summary: 'Retire a host',
  description: 'Its history stays, its key and its name are free again. Targets on it are to be retired first.',
  permission: 'hosts:manage',
  ifMatch: 'required',
  body: withReason.partial(),
  answer: { status: 200, schema: outcome, example: exampleOutcome },
  refusals: ['host-not-registered', 'host-has-targets', 'concurrency-conflict', 'precondition-required'],
  handle: async ({ params: { id }, body: { reason = 'deleted' }, meta }, { commands }) =>
    accepted(await commands.retireHost({ id, reason, meta })),
})

export const hostRoutes = [registerHost, listHosts, showHost, testHost, changeHostKey, retireHost]
