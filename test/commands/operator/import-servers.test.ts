import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createConfigScan } from '../../../src/adapters/config-scan/config-scan.ts'
import { createSecretVault } from '../../../src/adapters/secret-vault/secret-vault.ts'
import { createSecrets } from '../../../src/adapters/secrets/secrets.ts'
import { ABANDONED_AFTER_MS, createAttempt } from '../../../src/commands/operator/attempts.ts'
import { createDiscover } from '../../../src/commands/operator/discovery.ts'
import { createExportConfiguration } from '../../../src/commands/operator/export-configuration.ts'
import { createImportCommand } from '../../../src/commands/operator/import-command.ts'
import { createServerCommands } from '../../../src/commands/operator/server-commands.ts'
import { OutcomeUnknown, StoreUnavailable } from '../../../src/domain/ports/event-store.ts'
import type { SecretVault } from '../../../src/domain/ports/secret-vault.ts'
import type { SecretReference } from '../../../src/domain/ports/secrets.ts'
import { config } from '../../domain/server/given.ts'
import { createBench, failBefore, letThrough } from '../support/bench.ts'

let base: string
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'steward-import-')))
  mkdirSync(join(base, 'scanned'))
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

const secretDirectory = () => join(base, 'secrets')
const keptFiles = () =>
  existsSync(secretDirectory())
    ? readdirSync(secretDirectory(), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => join(parentPath, name))
    : []

function write(servers: object): void {
  writeFileSync(join(base, 'scanned', 'mcp.json'), JSON.stringify({ mcpServers: servers }))
}

/** Every reference, wherever it stands. */
function referencesIn(value: unknown): readonly SecretReference[] {
  if (typeof value !== 'object' || value === null) return []
  if ('secret' in value && isSecretReference(value.secret)) return [value.secret]
  return Object.values(value).flatMap(referencesIn)
}

const isSecretReference = (value: unknown): value is SecretReference => typeof value === 'string' && /^(?:file|env):/.test(value)

async function open({ vault: given }: { vault?: SecretVault } = {}) {
  const bench = createBench()
  await bench.given('log-identity', { type: 'LogCreated', data: { logId: 'log-1', namespace: 'test' } })
  const tools = { ...bench, attempt: createAttempt(bench), byName: new Map() }
  const commands = createServerCommands(tools, bench)
  const scan = createConfigScan({ directories: [join(base, 'scanned')] })
  const discover = createDiscover({ ...bench, scan })
  const vault = given ?? createSecretVault({ directories: [secretDirectory()] })
  const importServers = createImportCommand(tools, { discover, vault, commands, hash: bench.hash })
  const meta = (commandId: string) => ({ actor: 'key-1', owner: 'mira', commandId, correlationId: commandId, bodyHash: commandId })
  const choices = async () => (await discover()).candidates.map(({ id, digest }) => ({ candidateId: id, digest }))
  return { ...bench, commands, discover, importServers, meta, choices, exportConfiguration: createExportConfiguration(bench) }
}

const npx = (name = 'files') => ({ command: 'npx', args: ['-y', `server-${name}@1.2.3`] })
const withSecret = (name = 'files') => ({ ...npx(name), env: { API_KEY: 'CANARY-env' } })

test('no secret of an imported configuration is in events, logs, previews or the export; each is in a file of its own', async () => {
  write({
    program: {
      ...npx(),
      args: ['-y', 'server-files@1.2.3', '--api-key=CANARY-arg-1', '--token', 'CANARY-arg-2'],
      env: { GITHUB_TOKEN: 'CANARY-env-1', PLAIN: 'word' },
    },
    address: {
      url: 'https://mira:CANARY-url-1@mcp.example.com/s/CANARY4f5e6d7c/mcp?key=CANARY-url-2',
      headers: { 'X-Api-Key': 'CANARY-header-1' },
    },
    refused: { ...withSecret(), command: 'sh', args: ['-c', 'export KEY=CANARY-refused'] },
    unreadable: { command: 'npx -y x@1.2.3 --key CANARY-line', env: { CANARY_NAME: 7 } },
  })
  const { discover, importServers, choices, meta, all, logged, exportConfiguration, log } = await open()
  const discovery = await discover()
  const chosen = await choices()
  const preview = await importServers.preview({ choices: chosen, reason: 'move' }, 'mira')
  expect(preview.map(({ outcome }) => outcome)).toStrictEqual(['would-register', 'would-register', 'refused', 'refused'])
  expect(keptFiles()).toStrictEqual([])

  const result = await importServers({ choices: chosen, reason: 'move', meta: meta('c-1') })
  expect(result).toMatchObject({ outcome: 'partial', done: 2, refused: 2 })
  const exported = await exportConfiguration()
  expect(exported.servers.map(({ name, enabled }) => `${name} ${enabled}`)).toStrictEqual(['address false', 'program false'])

  const everything = JSON.stringify([discovery, preview, result, exported, all(), logged], (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  )
  expect(everything.replaceAll('CANARY_NAME', '')).not.toContain('CANARY')
  expect(everything).not.toContain(btoa('mira:CANARY-url-1'))

  const files = keptFiles()
  expect(files).toHaveLength(7)
  for (const file of files) expect(statSync(file).mode & 0o777).toBe(0o600)
  const secrets = createSecrets({ directories: [secretDirectory()], environment: {} })
  const revealed: string[] = []
  for (const { config } of exported.servers) {
    for (const secret of referencesIn(config)) revealed.push((await secrets.resolve(secret)).reveal())
  }
  expect(revealed.sort()).toStrictEqual(
    [
      ...['--api-key=CANARY-arg-1', 'CANARY-arg-2', 'CANARY-env-1', 'CANARY4f5e6d7c/mcp', 'CANARY-url-2', 'CANARY-header-1'],
      `Basic ${btoa('mira:CANARY-url-1')}`,
    ].sort(),
  )
  expect((await log.states.registry('servers')).state.size).toBe(2)
})

test('an import that is refused leaves no file behind', async () => {
  write({ files: withSecret() })
  const { importServers, choices, commands, meta, interfere } = await open()
  const chosen = await choices()
  // Between the look and the claim of the name, somebody else registers it.
  interfere(letThrough, async (append) => {
    await commands.registerServer({
      ...{ name: 'files', enabled: false, meta: meta('rival') },
      config,
    })
    return append()
  })
  const result = await importServers({ choices: chosen, reason: 'x', meta: meta('c-1') })
  expect(result).toMatchObject({ outcome: 'nothing', items: [{ outcome: 'refused', rule: 'name-taken' }] })
  expect(keptFiles()).toStrictEqual([])
})

test('an import that died in the middle is finished by its repeat, and registers nothing twice', async () => {
  write({ files: withSecret('files'), notes: withSecret('notes') })
  const { importServers, choices, meta, interfere, clock, all } = await open()
  const chosen = await choices()
  // Received, received, claimed, registered, ended; the second one does not get through.
  interfere(letThrough, letThrough, letThrough, letThrough, letThrough, failBefore(new StoreUnavailable({ doing: 'append' })))
  await expect(importServers({ choices: chosen, reason: 'x', meta: meta('c-1') })).rejects.toThrow()
  expect(all().filter(({ type }) => type === 'ServerRegistered')).toHaveLength(1)
  // Meanwhile the file has gone: what was registered needs it no more.
  write({ notes: withSecret('notes') })
  await clock.advance(ABANDONED_AFTER_MS + 1)
  const result = await importServers({ choices: chosen, reason: 'x', meta: meta('c-1') })
  expect(result).toMatchObject({
    outcome: 'complete',
    items: [
      { outcome: 'registered', name: 'files' },
      { outcome: 'registered', name: 'notes' },
    ],
  })
  expect(all().filter(({ type }) => type === 'ServerRegistered')).toHaveLength(2)
  expect(keptFiles()).toHaveLength(2)
  const again = await importServers({ choices: chosen, reason: 'x', meta: meta('c-1') })
  expect(again).toStrictEqual(result)
})

test('an unknown outcome keeps the file, because the server may be registered', async () => {
  write({ files: withSecret() })
  const { importServers, choices, meta, interfere } = await open()
  const lost = failBefore(new OutcomeUnknown({ stream: 'server-x' }))
  interfere(letThrough, letThrough, letThrough, lost, lost)
  await expect(importServers({ choices: await choices(), reason: 'x', meta: meta('c-1') })).rejects.toThrow(OutcomeUnknown)
  expect(keptFiles()).toHaveLength(1)
})

test('duplicates are recognised by what they start and by their name, among the registered and among the found', async () => {
  write({ files: withSecret(), again: { ...withSecret(), env: { API_KEY: 'another-CANARY' } } })
  const { importServers, choices, discover, meta } = await open()
  const [first, second] = await choices()
  if (!first || !second) throw new Error('two were written')
  expect((await discover()).candidates[1]?.duplicateOf).toMatchObject({ of: 'candidate', id: first.candidateId, because: 'same-transport' })
  const result = await importServers({ choices: [first, second], reason: 'x', meta: meta('c-1') })
  expect(result).toMatchObject({
    ...{ done: 1, refused: 0 },
    items: [{ outcome: 'registered' }, { outcome: 'duplicate', duplicateOf: { name: 'files', because: 'same-transport' } }],
  })
  const forced = { ...second, evenIfDuplicate: true }
  expect(await importServers({ choices: [forced], reason: 'x', meta: meta('c-2') })).toMatchObject({ done: 1 })
  write({ files: npx('others') })
  const [renamed] = await choices()
  if (!renamed) throw new Error('one was written')
  expect(await importServers.preview({ choices: [{ ...renamed, evenIfDuplicate: true }], reason: 'x' }, 'mira')).toMatchObject([
    { outcome: 'duplicate', duplicateOf: { because: 'same-name' } },
  ])
  expect(await importServers.preview({ choices: [{ ...renamed, name: 'others' }], reason: 'x' }, 'mira')).toMatchObject([
    { outcome: 'would-register', name: 'others' },
  ])
})

test('what has changed since it was looked at is not imported', async () => {
  write({ files: npx() })
  const { importServers, choices, meta } = await open()
  const chosen = await choices()
  write({ files: npx('evil') })
  expect(await importServers({ choices: chosen, reason: 'x', meta: meta('c-1') })).toMatchObject({
    ...{ outcome: 'nothing', items: [{ outcome: 'refused', rule: 'candidate-changed-since' }] },
  })
  expect(await importServers({ choices: [{ candidateId: 'nope' }], reason: 'x', meta: meta('c-2') })).toMatchObject({
    items: [{ outcome: 'refused', rule: 'candidate-unknown' }],
  })
})
