/** Nothing that needs a person's judgement happens without one - or without a word that says exactly what was judged. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { exampleApproval } from '../../src/api/schemas/approval.ts'
import { type FakeApi, startFakeApi } from './support/fake-api.ts'
import { prepare } from './support/prepare.ts'
import { type InProcess, stewardHere } from './support/run-cli.ts'
import { FINGERPRINT, ID } from './support/verbs.ts'

let api: FakeApi
beforeAll(async () => {
  api = await startFakeApi()
  prepare(api)
})
beforeEach(() => {
  api.asked.length = 0
})
afterAll(() => api[Symbol.asyncDispose]())

const run = (words: readonly string[], options: InProcess = {}) =>
  stewardHere(words, { env: { STEWARD_URL: api.url, STEWARD_API_KEY: 'k', NO_COLOR: '1' }, ...options })
const did = (operation: string): boolean => api.asked.some((asked) => asked.operation === operation)
const confirmedHost = (): unknown => api.asked.filter(({ operation }) => operation === 'hosts.register')[1]?.body

const addHost = ['host', 'add', 'web-01', '--address', '192.0.2.10', '--user', 'steward', '--key', 'web-01.key']

test('host add shows the fingerprint and registers after a yes', async () => {
  const ran = await run(addHost, { columns: 100, types: 'yes\n' })
  expect(ran.code).toBe(0)
  expect(ran.stderr).toContain(FINGERPRINT)
  expect(confirmedHost()).toMatchObject({ privateKey: 'file:web-01.key', hostKey: expect.stringMatching(/^ssh-ed25519 /) })
})

test.for(['n\n', '\n', 'maybe\n'])('host add registers nothing after %j', async (types) => {
  const ran = await run(addHost, { columns: 100, types })
  expect(ran.code).toBe(1)
  expect(confirmedHost()).toBeUndefined()
})

test.for([
  { words: [], columns: undefined },
  { words: ['--yes'], columns: undefined },
  { words: ['--yes'], columns: 200 },
])('host add that asks nobody takes no key by itself, and says what to type: $words', async ({ words, columns }) => {
  const ran = await run([...addHost, ...words], columns === undefined ? {} : { columns })
  expect(ran.code).toBe(2)
  expect(ran.stderr).toContain(`steward ${addHost.join(' ')} --fingerprint ${FINGERPRINT}\n`)
  expect(confirmedHost()).toBeUndefined()
})

test('the command that would add a host is quoted for a shell', async () => {
  const ran = await run(['host', 'add', 'web-01', '--address', 'a b', '--port', '2222', '--user', "o'x", '--key', 'k'])
  expect(ran.stderr).toContain(`--address 'a b' --port 2222 --user 'o'\\''x' --key k --fingerprint ${FINGERPRINT}\n`)
})

test('host add without a terminal takes the fingerprint that it was told', async () => {
  expect((await run([...addHost, '--fingerprint', FINGERPRINT])).code).toBe(0)
  expect(confirmedHost()).toBeDefined()
})

test('host add refuses a host with another fingerprint, whatever else is said', async () => {
  const ran = await run([...addHost, '--fingerprint', 'SHA256:other', '--yes'])
  expect(ran.code).toBe(1)
  expect(ran.stderr).toContain(FINGERPRINT)
  expect(confirmedHost()).toBeUndefined()
})

test.for([
  { code: 'SECRET_UNAVAILABLE', details: { field: 'privateKey', reason: 'missing', says: 'secret file:web-01.key: missing' } },
  { code: 'PRIVATE_KEY_INVALID', details: { field: 'privateKey', says: 'file:web-01.key: the last line is missing' } },
])('a private key that the service cannot read is answered with where to put it ($code)', async ({ code, details }) => {
  await using refusing = await startFakeApi()
  refusing.on('hosts.register', () => ({ status: 422, body: { error: { code, message: 'no', details } } }))
  const ran = await run([...addHost, '--fingerprint', FINGERPRINT], { env: { STEWARD_URL: refusing.url, STEWARD_API_KEY: 'k' } })
  expect(ran.code).toBe(1)
  expect(ran.stderr).toContain('missing')
  expect(ran.stderr).toContain('.steward/secrets')
})

test('host add refuses a machine that is known already, and says what to add when it is another', async () => {
  await using refusing = await startFakeApi()
  const details = { field: 'hostKey', host: 'web-00', fingerprint: FINGERPRINT }
  prepare(refusing)
  refusing.on('hosts.register', ({ body }) =>
    typeof body === 'object' && body !== null && 'hostKey' in body
      ? { status: 409, body: { error: { code: 'HOST_KEY_TAKEN', message: 'Another host has it.', details } } }
      : {
          status: 409,
          body: { error: { code: 'HOST_KEY_UNCONFIRMED', message: 'no', details: { ...details, hostKey: 'ssh-ed25519 AAAA' } } },
        },
  )
  const ran = await run(addHost, { env: { STEWARD_URL: refusing.url, STEWARD_API_KEY: 'k' }, columns: 100, types: 'yes\n' })
  expect(ran.code).toBe(1)
  expect(ran.stderr).toContain('Host web-00 has the same key')
  expect(ran.stderr).toContain('Another host has it: web-00')
  expect(ran.stderr).toContain('--shared-host-key')
})

test('a machine that shares its key is added when that is said, and the warning is shown', async () => {
  const outcome = { id: ID, position: '4711', commandId: ID, warning: 'Host web-00 shows the same key.' }
  await using warning = await startFakeApi()
  warning.on('hosts.register', ({ body }) =>
    typeof body === 'object' && body !== null && 'hostKey' in body
      ? { status: 201, body: outcome }
      : {
          status: 409,
          body: { error: { code: 'HOST_KEY_UNCONFIRMED', message: 'no', details: { fingerprint: FINGERPRINT, hostKey: 'k e' } } },
        },
  )
  const env = { STEWARD_URL: warning.url, STEWARD_API_KEY: 'k' }
  const ran = await run([...addHost, '--fingerprint', FINGERPRINT, '--shared-host-key'], { env })
  expect(ran.code).toBe(0)
  expect(ran.stderr).toContain('Host web-00 shows the same key.')
  expect(warning.asked.filter(({ operation }) => operation === 'hosts.register')[1]?.body).toMatchObject({ sharedHostKey: true })
})

test('host rekey shows the new fingerprint and takes it after a yes, and only then', async () => {
  const confirmedKey = () => api.asked.filter(({ operation }) => operation === 'hosts.change-key')[1]?.body
  expect((await run(['host', 'rekey', ID], { columns: 100, types: 'n\n' })).code).toBe(1)
  expect(confirmedKey()).toBeUndefined()
  api.asked.length = 0
  const ran = await run(['host', 'rekey', ID], { columns: 100, types: 'yes\n' })
  expect(ran.code).toBe(0)
  expect(ran.stderr).toContain(FINGERPRINT)
  expect(confirmedKey()).toMatchObject({ hostKey: expect.stringMatching(/^ssh-ed25519 /) })
})

test('approval approve shows risk, steps, diff and rollback before it asks, and sends the hash of what it showed', async () => {
  const ran = await run(['approval', 'approve', ID], { columns: 100, types: 'y\n' })
  const shown = ran.stderr.slice(0, ran.stderr.indexOf('Approve exactly this plan?'))
  for (const part of ['medium, reversible', 'reload nginx', 'Restore /etc/nginx/nginx.conf', exampleApproval.planHash])
    expect(shown).toContain(part)
  expect(ran.code).toBe(0)
  expect(api.asked.find(({ operation }) => operation === 'approvals.approve')?.body).toEqual({ planHash: exampleApproval.planHash })
})

test('an incident names its newest approval', async () => {
  const incidentId = '0c6d7a52-4d3e-5a9e-8f0e-2f5f3f1f9a77'
  api.on('approvals.list', ({ query }) =>
    query['incident_id'] === incidentId ? { body: { items: [exampleApproval], next_cursor: null, position: '1' } } : undefined,
  )
  expect((await run(['approval', 'approve', incidentId], { columns: 100, types: 'y\n' })).code).toBe(0)
  api.on('approvals.list', () => undefined)
  expect(api.asked.find(({ operation }) => operation === 'approvals.approve')?.path).toContain(exampleApproval.id)
})

test('approval approve does nothing after a no', async () => {
  expect((await run(['approval', 'approve', ID], { columns: 100, types: 'n\n' })).code).toBe(1)
  expect(did('approvals.approve')).toBe(false)
})

test.for([
  { words: ['--yes'], code: 2, says: `steward approval approve ${ID} --yes --plan-hash ${exampleApproval.planHash}` },
  { words: [], code: 2, says: `steward approval approve ${ID} --yes --plan-hash ${exampleApproval.planHash}` },
  { words: ['--plan-hash', exampleApproval.planHash], code: 2, says: 'Add --yes' },
  { words: ['--yes', '--plan-hash', 'f'.repeat(64)], code: 1, says: 'nothing was approved' },
])('approval approve without a terminal needs the hash of the plan: $words', async ({ words, code, says }) => {
  const ran = await run(['approval', 'approve', ID, ...words])
  expect(ran.code).toBe(code)
  expect(ran.stderr).toContain(says)
  expect(did('approvals.approve')).toBe(false)
})

test('a plan that is gone cannot be approved', async () => {
  api.on('approvals.show', () => ({ body: { ...exampleApproval, plan: null } }))
  const ran = await run(['approval', 'approve', ID, '--yes', '--plan-hash', exampleApproval.planHash])
  api.on('approvals.show', () => undefined)
  expect(ran.code).toBe(1)
  expect(did('approvals.approve')).toBe(false)
})

test.for(['host', 'target'])('%s delete shows what it retires, and asks', async (noun) => {
  expect((await run([noun, 'delete', ID])).code).toBe(2)
  expect((await run([noun, 'delete', ID], { columns: 100, types: 'n\n' })).code).toBe(1)
  expect(did(`${noun}s.retire`)).toBe(false)
  expect((await run([noun, 'delete', ID], { columns: 100, types: 'y\n' })).code).toBe(0)
  expect(did(`${noun}s.retire`)).toBe(true)
})
