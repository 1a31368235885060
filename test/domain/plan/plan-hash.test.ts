import { expect, test } from 'vitest'
import { createHasher } from '../../../src/adapters/hash/sha256.ts'
import type { Plan, PlanTerms } from '../../../src/domain/plan/plan.ts'
import { changedTerms, planHashOf, termsOf } from '../../../src/domain/plan/plan-hash.ts'

const hash = createHasher()
const terms: PlanTerms = {
  incidentId: 'incident',
  targetId: 'target',
  hostId: 'host',
  hostKeyFingerprint: 'SHA256:key',
  service: 'nginx',
  action: { id: 'nginx.restore-config', version: 1, params: { path: '/etc/nginx/nginx.conf', sha256: 'a' } },
  reversibility: 'reversible',
  risk: 'low',
  resources: ['service:nginx', 'file:/etc/nginx/nginx.conf'],
  steps: ['put the file back'],
  precondition: { kind: 'exec', argv: ['nginx', '-t'] },
  postcondition: { kind: 'exec', argv: ['nginx', '-t'] },
  snapshot: ['file /etc/nginx/nginx.conf'],
  files: [{ path: '/etc/nginx/nginx.conf', sha256Before: 'b', sha256After: 'a' }],
  windowMs: 10_000,
  timeoutMs: 30_000,
  catalogueVersion: 'c1',
  policyVersion: 'p1',
}

/** One other value for every term. */
const changes: { readonly [Name in keyof PlanTerms]: PlanTerms[Name] } = {
  incidentId: 'another',
  targetId: 'another',
  hostId: 'another',
  hostKeyFingerprint: 'SHA256:other',
  service: 'redis',
  action: { ...terms.action, version: 2 },
  reversibility: 'compensable',
  risk: 'high',
  resources: ['service:nginx'],
  steps: ['put the file back', 'reload'],
  precondition: { kind: 'exec', argv: ['nginx', '-T'] },
  postcondition: { kind: 'exec', argv: ['nginx', '-T'] },
  snapshot: [],
  files: [{ path: '/etc/nginx/nginx.conf', sha256Before: 'c', sha256After: 'a' }],
  windowMs: 1_000,
  timeoutMs: 1,
  catalogueVersion: 'c2',
  policyVersion: 'p2',
}

test('the same terms give the same hash, in whatever order they are written', () => {
  const reversed = Object.fromEntries(Object.entries(terms).reverse())
  expect(planHashOf({ ...terms, ...reversed }, hash)).toBe(planHashOf(terms, hash))
  expect(planHashOf(terms, hash)).toMatch(/^[0-9a-f]{64}$/)
})

test.each(Object.entries(changes))('another %s is another plan, and is named', (name, value) => {
  const changed: PlanTerms = { ...terms, [name]: value }
  expect(planHashOf(changed, hash)).not.toBe(planHashOf(terms, hash))
  expect(changedTerms(terms, changed)).toStrictEqual([name === 'files' ? '/etc/nginx/nginx.conf' : name])
})

test('files that changed, came or went are named by their paths', () => {
  const [file] = terms.files
  const other = { path: '/etc/nginx/conf.d/shop.conf', sha256Before: 'x', sha256After: 'y' }
  expect(changedTerms(terms, { ...terms, files: [...(file ? [file] : []), other] })).toStrictEqual([other.path])
  expect(changedTerms(terms, { ...terms, files: [] })).toStrictEqual(['/etc/nginx/nginx.conf'])
})

test('nothing has changed in the same terms', () => expect(changedTerms(terms, structuredClone(terms))).toStrictEqual([]))

test('what a person reads beside the terms is not part of them', () => {
  const plan: Plan = {
    ...terms,
    planHash: 'x',
    title: 'Restore',
    diagnosis: 'Broken.',
    chosenBy: 'catalogue',
    confidence: 1,
    rollback: 'Back.',
    diffs: [],
  }
  expect(termsOf(plan)).toStrictEqual(terms)
  expect(planHashOf(termsOf(plan), hash)).toBe(planHashOf(terms, hash))
})
