import { test } from 'vitest'
import { approval } from '../../src/domain/approval/decide.ts'
import type { ApprovalEvent } from '../../src/domain/approval/events.ts'
import { instant } from '../../src/domain/instant.ts'
import { specify } from '../support/specify.ts'

const spec = specify(approval)
const at = (time: string) => instant(`2026-11-21T${time}Z`)
const ref = { approvalId: 'a-1', incidentId: 'inc-1' }

const request = {
  ...ref,
  planHash: 'plan-a',
  requestedBy: 'steward',
  expiresAt: at('10:30:00.000'),
  approversNeeded: 1,
} as const
const requested: ApprovalEvent = { type: 'ApprovalRequested', data: request }
const requestedByTwo: ApprovalEvent = { type: 'ApprovalRequested', data: { ...request, approversNeeded: 2 } }
const granted = (owner: string, complete = true): ApprovalEvent => ({
  type: 'ApprovalGranted',
  data: { ...ref, by: `key of ${owner}`, owner, complete, at: at('10:05:00.000') },
})
const used: ApprovalEvent = { type: 'ApprovalUsed', data: { ...ref, executionId: 'exec-1', at: at('10:06:00.000') } }
const grant = (owner: string, planHash = 'plan-a', now = at('10:05:00.000')) =>
  ({ type: 'GrantApproval', data: { planHash, by: `key of ${owner}`, owner, now } }) as const

test('an approval is bound to the plan that was shown', () =>
  spec.given(requested).when(grant('mira', 'plan-b')).refuses('approval-is-for-another-plan', { shown: 'plan-b', current: 'plan-a' }))

test('an approval ends at the moment it expires', () =>
  spec
    .given(requested)
    .when(grant('mira', 'plan-a', at('10:30:00.000')))
    .refuses('approval-expired', { expiresAt: '2026-11-21T10:30:00.000Z' }))

test('one owner is enough when one is asked for', () => spec.given(requested).when(grant('mira')).yields(granted('mira')))

test('four eyes are two owners, and the first of them completes nothing', () => {
  spec.given(requestedByTwo).when(grant('mira')).yields(granted('mira', false))
  spec.given(requestedByTwo, granted('mira', false)).when(grant('jon')).yields(granted('jon'))
})

test('two keys of one owner are two eyes', () =>
  spec
    .given(requestedByTwo, granted('mira', false))
    .when({ type: 'GrantApproval', data: { planHash: 'plan-a', by: 'another key of mira', owner: 'mira', now: at('10:05:00.000') } })
    .refuses('approval-needs-another-owner', { grantedBy: 'mira' }))

test('agreeing again to what is granted changes nothing', () => {
  spec.given(requested, granted('mira')).when(grant('mira')).yields()
  spec.given(requestedByTwo, granted('mira', false), granted('jon')).when(grant('mira')).yields()
})

test('whoever asked does not approve', () =>
  spec.given(requested).when(grant('steward')).refuses('approval-needs-somebody-else', { requestedBy: 'steward' }))

test('an approval is used once', () =>
  spec
    .given(requested, granted('mira'), used)
    .when({ type: 'UseApproval', data: { planHash: 'plan-a', executionId: 'exec-2', now: at('10:06:01.000') } })
    .refuses('approval-not-granted', { situation: 'used' }))

test('the execution that used an approval may ask again after a crash', () =>
  spec
    .given(requested, granted('mira'), used)
    .when({ type: 'UseApproval', data: { planHash: 'plan-a', executionId: 'exec-1', now: at('10:06:01.000') } })
    .yields())

test('an approval of another plan is not used', () =>
  spec
    .given(requested, granted('mira'))
    .when({ type: 'UseApproval', data: { planHash: 'plan-b', executionId: 'exec-1', now: at('10:06:00.000') } })
    .refuses('approval-is-for-another-plan', { shown: 'plan-b', current: 'plan-a' }))

test('a granted approval can be revoked until it is used', () => {
  const revoke = { type: 'RevokeApproval', data: { by: 'mira', reason: 'changed my mind', now: at('10:05:30.000') } } as const
  const revoked: ApprovalEvent = {
    type: 'ApprovalRevoked',
    data: { ...ref, by: 'mira', reason: 'changed my mind', at: at('10:05:30.000') },
  }
  spec.given(requested, granted('mira')).when(revoke).yields(revoked)
  spec.given(requested, granted('mira'), used).when(revoke).refuses('approval-not-open', { situation: 'used' })
})

test('expiry before its time changes nothing', () =>
  spec
    .given(requested)
    .when({ type: 'ExpireApproval', data: { now: at('10:29:59.999') } })
    .yields())

test('an approval that nobody answered expires', () =>
  spec
    .given(requested)
    .when({ type: 'ExpireApproval', data: { now: at('10:30:00.000') } })
    .yields({ type: 'ApprovalExpired', data: { ...ref, at: at('10:30:00.000') } }))
