/** Parameters are recorded as an action gave them back, and read again with every plan: so what an action gives back, it must take. */
import { expect, test } from 'vitest'
import { findAction } from '../../../src/domain/catalogue/catalogue.ts'

const kept = { path: '/srv/app.conf', sha256: 'a'.repeat(64), mode: '0644', uid: 0, gid: 0 }

test.each([
  ['redis.raise-maxmemory', {}],
  ['redis.raise-maxmemory', { baselineBytes: 1_048_576 }],
  ['nginx.restore-config', { configPath: '/srv/app.conf', stateDir: '/var/lib/steward', files: [kept] }],
  ['postgresql.restore-config', { stateDir: '/var/lib/steward', files: [kept] }],
  ['postgresql.terminate-sessions', { users: [], states: ['idle'], minIdleMs: 1_000, max: 5 }],
])('%s takes the parameters that it gave back', (id, params) => {
  const action = findAction(id)
  const recorded = action?.bind(params).params
  expect(recorded).toBeDefined()
  expect(action?.bind(recorded).params).toStrictEqual(recorded)
})
