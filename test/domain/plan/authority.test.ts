import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type AuthorityFacts, authorityOver } from '../../../src/domain/plan/authority.ts'

const harmless: AuthorityFacts = {
  mode: 'act',
  targetName: 'cache',
  actionId: 'redis.raise-maxmemory',
  risk: 'medium',
  reversibility: 'reversible',
  chosenBy: 'catalogue',
  confidence: 1,
  breakerOpen: false,
  failedOnHosts: 0,
  policy: {
    auto: [{ action: 'redis.raise-maxmemory', target: 'cache', maxRisk: 'medium' }],
    ceilings: {},
    actionsPerHostPerHour: 6,
    windowMs: 1_000,
    approversNeeded: 1,
  },
}

test('a plan that a rule allows and nothing speaks against runs alone', () =>
  expect(authorityOver(harmless)).toEqual({ kind: 'policy', rule: 'redis.raise-maxmemory on cache up to medium risk' }))

test.each<[Partial<AuthorityFacts>, string]>([
  [{ mode: 'propose' }, 'the target is in mode propose'],
  [{ risk: 'high' }, 'the risk is high'],
  [{ reversibility: 'irreversible' }, 'the action cannot be undone'],
  [{ chosenBy: 'analyst' }, 'a model chose the action'],
  [{ confidence: 0.69 }, 'confidence 0.69 is below 0.7'],
  [{ breakerOpen: true }, 'fixes for this failed before'],
  [{ failedOnHosts: 1 }, 'the action failed on another host'],
  [{ targetName: 'queue' }, 'no rule of the policy allows it'],
])('%o alone is enough to need a person', (objection, because) => {
  const authority = authorityOver({ ...harmless, ...objection })
  expect(authority.kind === 'person' && authority.because).toContain(because)
})

test('an observed target is only observed', () => expect(authorityOver({ ...harmless, mode: 'observe' })).toEqual({ kind: 'observe-only' }))

test('confidence never raises authority', () =>
  fc.assert(
    fc.property(
      fc.record({
        confidence: fc.double({ min: 0, max: 1, noNaN: true }),
        risk: fc.constantFrom('low' as const, 'medium' as const, 'high' as const),
        breakerOpen: fc.boolean(),
        chosenBy: fc.constantFrom('catalogue' as const, 'analyst' as const),
      }),
      (facts) => {
        const certain = authorityOver({ ...harmless, ...facts, confidence: 1 })
        const unsure = authorityOver({ ...harmless, ...facts })
        return certain.kind === 'policy' || unsure.kind !== 'policy'
      },
    ),
  ))
