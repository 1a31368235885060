import { expect, test } from 'vitest'
import { z } from 'zod'
import { Secret } from '../../src/domain/ports/secrets.ts'
import { config } from '../domain/server/given.ts'
import { configurationDesk } from './support/configuration-desk.ts'
import { testApi } from './support/test-api.ts'

const reply = z.looseObject({
  id: z.string().optional(),
  commandId: z.string().optional(),
  planHash: z.string().optional(),
  outcome: z.string().optional(),
  items: z.array(z.looseObject({ outcome: z.string() })).optional(),
  candidates: z.array(z.looseObject({ id: z.string(), digest: z.string() })).optional(),
  error: z.looseObject({ code: z.string(), details: z.unknown().optional() }).optional(),
})

async function open() {
  const text = JSON.stringify({
    mcpServers: { files: { command: 'npx', args: ['-y', 'server-files@1.2.3'], env: { API_KEY: 'CANARY-1' } } },
  })
  const desk = configurationDesk([{ kind: 'text', path: '/w/mcp.json', format: 'mcp', folder: '/w', text: new Secret(text) }])
  await desk.begun
  const api = testApi({}, (application) => ({ ...application, configuration: desk.configuration }))
  const send = async (method: string, path: string, json?: object) => {
    const response = await api.request(path, { method, ...(json === undefined ? {} : { json }) })
    const raw = await response.text()
    return { status: response.status, raw, body: reply.parse(JSON.parse(raw)) }
  }
  return { ...desk, send, lines: api.lines }
}

test('what a scan finds is previewed, imported and undone, and no answer holds a secret', async () => {
  const { send, kept, all, lines } = await open()
  const scanned = await send('GET', '/api/v1/discovery/scan')
  const [candidate] = scanned.body.candidates ?? []
  expect(candidate).toMatchObject({ name: 'files', secrets: ['transport.env.API_KEY'], problems: [], duplicateOf: null })
  const choices = [{ candidateId: candidate?.id, digest: candidate?.digest }]
  const preview = await send('POST', '/api/v1/discovery/import?preview=true', { choices })
  expect(preview.body).toMatchObject({ preview: true, items: [{ outcome: 'would-register', name: 'files' }] })
  expect(kept.size).toBe(0)
  const imported = await send('POST', '/api/v1/discovery/import', { choices, reason: 'move' })
  expect(imported).toMatchObject({ status: 200, body: { outcome: 'complete', items: [{ outcome: 'registered' }] } })
  expect(kept.size).toBe(1)
  const everything = JSON.stringify([scanned.raw, preview.raw, imported.raw, lines, all()], (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  )
  expect(everything).not.toContain('CANARY')
})

test('a job looks in the same places, and records figures alone', async () => {
  const { send, all } = await open()
  const started = await send('POST', '/api/v1/discovery/jobs')
  expect(started.status).toBe(202)
  await expect
    .poll(() => all().find(({ type }) => type === 'OperationSucceeded')?.data)
    .toMatchObject({
      operationId: started.body.id,
      result: { found: 1, importable: 1, duplicates: 0, files: 1, filesWithProblems: 0 },
    })
})

test('a backup is restored after a look at its plan, and taken back as one', async () => {
  const { send, commands } = await open()
  const meta = { actor: 'key-1', owner: 'mira', commandId: 'c-1', correlationId: 'c-1', bodyHash: 'c-1' }
  await commands.registerServer({ name: 'notes', config, enabled: true, meta })
  const { raw } = await send('POST', '/api/v1/config/backup')
  const bundle = JSON.parse(raw)
  expect((await send('POST', '/api/v1/config/validate', { bundle })).body).toMatchObject({ valid: true, problems: [] })
  await commands.registerServer({ name: 'extra', config, enabled: false, meta: { ...meta, commandId: 'c-2', bodyHash: 'c-2' } })
  const how = { bundle, retireOthers: true, reason: 'back' }
  const preview = await send('POST', '/api/v1/config/restore?preview=true', how)
  expect(preview.body).toMatchObject({
    servers: [
      { name: 'extra', steps: ['retire'] },
      { name: 'notes', steps: [] },
    ],
    steps: [{ kind: 'retire', preview: { wouldRecord: [{ type: 'ServerRetired' }] } }],
  })
  const changed = await send('POST', '/api/v1/config/restore', { ...how, planHash: 'a'.repeat(64) })
  expect(changed).toMatchObject({ status: 409, body: { error: { code: 'PLAN_CHANGED_SINCE' } } })
  const restored = await send('POST', '/api/v1/config/restore', { ...how, planHash: preview.body.planHash })
  expect(restored).toMatchObject({ status: 200, body: { outcome: 'complete', steps: [{ kind: 'retire', outcome: 'done' }] } })
  const undone = await send('POST', '/api/v1/config/undo', { commandId: restored.body.commandId, reason: 'no' })
  expect(undone).toMatchObject({ status: 200, body: { outcome: 'complete', done: 1 } })
  const after = await send('POST', '/api/v1/config/restore?preview=true', how)
  expect(after.body.planHash).toBe(preview.body.planHash)
})

test('a damaged backup, or a list with a secret in it, is refused by the place, and the value is not repeated', async () => {
  const { send } = await open()
  const { raw } = await send('POST', '/api/v1/config/backup')
  const damaged = await send('POST', '/api/v1/config/restore', { bundle: { ...JSON.parse(raw), exportedAt: 'later' } })
  expect(damaged).toMatchObject({
    status: 422,
    body: { error: { details: { issues: [{ field: 'body.bundle.checksum', name: 'checksum-mismatch' }] } } },
  })
  const transport = { ...config.transport, env: { API_KEY: 'CANARY-2' } }
  const literal = await send('POST', '/api/v1/config/apply', { servers: [{ name: 'a', config: { transport } }] })
  expect(literal).toMatchObject({
    status: 422,
    body: { error: { details: { issues: [{ field: 'body.servers.0.config.transport.env.API_KEY' }] } } },
  })
  expect(literal.raw).not.toContain('CANARY')
})
