import { expect, test } from 'vitest'
import { parsePolicy, policyWithoutFile } from '../../src/config/policy-file.ts'
import { ConfigInvalid } from '../../src/config/problem.ts'
import { mayRunAlone } from '../../src/domain/policy.ts'

const FULL = `
auto:
  - { action: postgresql.end-idle-sessions, target: shop-db, maxRisk: medium }
  - { action: '*', target: staging, maxRisk: low }
sessions:
  users: [app]
  states: [idle in transaction]
  minIdle: 10m
  max: 5
ceilings: { descriptors: 65536 }
actionsPerHostPerHour: 3
window: 1s
approversNeeded: 2
`
const problemsOf = (text: string, known?: readonly string[]) => {
  try {
    parsePolicy('policy.yaml', text, known)
  } catch (error) {
    if (error instanceof ConfigInvalid) return error.problems
    throw error
  }
  return []
}

test('a policy is read with its units', () => {
  expect(parsePolicy('policy.yaml', FULL)).toStrictEqual({
    auto: [
      { action: 'postgresql.end-idle-sessions', target: 'shop-db', maxRisk: 'medium' },
      { action: '*', target: 'staging', maxRisk: 'low' },
    ],
    sessions: { users: ['app'], states: ['idle in transaction'], minIdleMs: 600_000, max: 5 },
    ceilings: { descriptors: 65_536 },
    actionsPerHostPerHour: 3,
    windowMs: 1_000,
    approversNeeded: 2,
    version: expect.stringMatching(/^[0-9a-f]{64}$/),
  })
})

test('an empty file is the same policy as none: nothing runs alone', () => {
  expect(parsePolicy('policy.yaml', '')).toStrictEqual(policyWithoutFile())
  expect(policyWithoutFile().auto).toStrictEqual([])
})

test('the version is the content, not the writing', () => {
  const { version } = parsePolicy('policy.yaml', FULL)
  expect(parsePolicy('other.yaml', `# a comment\n${FULL.replace('10m', '600s').replace('window: 1s', 'window: 1000ms')}`).version).toBe(
    version,
  )
  expect(parsePolicy('policy.yaml', FULL.replace('max: 5', 'max: 6')).version).not.toBe(version)
})

test.each([
  ['auto:\n  - { action: nginx.reload, target: web, maxRisk: extreme }', 'policy.yaml:2', 'auto[0].maxRisk', 'must be low, medium or high'],
  [
    'auto:\n  - action: rm -rf\n    target: web\n    maxRisk: low',
    'policy.yaml:2',
    'auto[0].action',
    'must be the id of an action, such as nginx.reload, or *',
  ],
  [
    'auto:\n  - action: nginx.reload\n    targte: web\n    maxRisk: low',
    'policy.yaml:3',
    'auto[0].targte',
    'is unknown; did you mean target?',
  ],
  ['auto: yes please', 'policy.yaml:1', 'auto', 'must be a list of rules: action, target, maxRisk'],
  ['\nwindow: 10', 'policy.yaml:2', 'window', 'must be a length of time with its unit, such as 500ms, 10s, 5m or 2h'],
  ['window: 2h', 'policy.yaml:1', 'window', 'must be between 100ms and 1h'],
  ['approversNeeded: 3', 'policy.yaml:1', 'approversNeeded', 'must be 1 or 2'],
  ['actionsPerHostPerHour: -1', 'policy.yaml:1', 'actionsPerHostPerHour', 'must be a whole number from 0 to 1000'],
  ['actionsPerHostPerHours: 1', 'policy.yaml:1', 'actionsPerHostPerHours', 'is unknown; did you mean actionsPerHostPerHour?'],
  ['sessions:\n  users: []\n  states: [idle]\n  minIdle: 1m\n  max: 1', 'policy.yaml:2', 'sessions.users', 'must be a list of user names'],
  ['ceilings:\n  descriptors: many', 'policy.yaml:2', 'ceilings.descriptors', 'must be a number'],
])('%j is refused with file, line, field and rule', (text, place, field, rule) => {
  expect(problemsOf(text)).toContainEqual({ place, field, rule })
})

test('half a sessions block is refused: what is missing is named', () => {
  expect(problemsOf('sessions:\n  users: [app]').map(({ field }) => field)).toStrictEqual([
    'sessions.states',
    'sessions.minIdle',
    'sessions.max',
  ])
})

test('an action that the catalogue does not have is refused, with the one that was meant', () => {
  expect(problemsOf('auto:\n  - { action: nginx.relaod, target: web, maxRisk: low }', ['nginx.reload'])).toStrictEqual([
    {
      place: 'policy.yaml:2',
      field: 'auto[0].action',
      rule: 'names the action nginx.relaod, which is not in the catalogue; did you mean nginx.reload?',
    },
  ])
})

test('a rule covers its action, its target and risks up to its own; high risk never runs alone', () => {
  const policy = parsePolicy('policy.yaml', FULL.replace('maxRisk: medium', 'maxRisk: high'))
  const may = (action: 'postgresql.end-idle-sessions' | 'nginx.reload', target: string, risk: 'low' | 'medium' | 'high') =>
    mayRunAlone(policy, { action, target, risk })
  expect(may('postgresql.end-idle-sessions', 'shop-db', 'medium')).toBe(true)
  expect(may('postgresql.end-idle-sessions', 'shop-db', 'high')).toBe(false)
  expect(may('postgresql.end-idle-sessions', 'other', 'low')).toBe(false)
  expect(may('nginx.reload', 'staging', 'low')).toBe(true)
  expect(may('nginx.reload', 'staging', 'medium')).toBe(false)
  expect(may('nginx.reload', 'shop-db', 'low')).toBe(false)
})
