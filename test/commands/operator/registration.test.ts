import { describe, expect, test } from 'vitest'
import { compileLogMatcher } from '../../../src/adapters/log-matcher/log-matcher.ts'
import { createRecordAnomaly } from '../../../src/commands/detection/record-anomaly.ts'
import { ABANDONED_AFTER_MS } from '../../../src/commands/operator/attempts.ts'
import type { CommandMeta } from '../../../src/commands/operator/operator-command.ts'
import { createOperatorCommands } from '../../../src/commands/operator/operator-commands.ts'
import { instant } from '../../../src/domain/instant.ts'
import type { LogCursor } from '../../../src/domain/ports/remote-host.ts'
import { SecretUnavailable } from '../../../src/domain/ports/secrets.ts'
import { BehavedHost, hostKey } from '../support/behaved-host.ts'
import { createBench } from '../support/bench.ts'

function setUp() {
  const bench = createBench()
  const machine = new BehavedHost()
  const { log, handle, ids, clock, hash, logger } = bench
  const saved = new Map<string, LogCursor>()
  const commands = createOperatorCommands({
    engine: {
      ...{ log, handle },
      record: createRecordAnomaly({ handle, log, ids, clock }),
      effects: { survey: async () => ({ kind: 'unseen', reason: 'away' }) },
    },
    ...{ ids, clock, hash, logger },
    hosts: machine.hosts(),
    cursors: {
      load: async () => undefined,
      save: async (targetId, path, cursor) => void saved.set(`${targetId} ${path}`, cursor),
      forget: async () => undefined,
    },
    faults: [],
    compileMatcher: compileLogMatcher,
    projections: { rebuild: async () => ({}), verify: async () => ({}) },
    scan: { scan: async () => [] },
    vault: { put: async (name) => `file:${name}`, withdraw: async () => undefined },
  })
  let count = 0
  const meta = (): CommandMeta => ({ actor: 'key', owner: 'mira', commandId: `c${++count}`, correlationId: 'r', bodyHash: `h${count}` })
  const facts = () => bench.all().filter(({ stream }) => !stream.startsWith('command-'))
  return { bench, machine, commands, meta, saved, facts }
}
type Setting = ReturnType<typeof setUp>

const newHost = {
  name: 'web-1',
  address: '10.0.0.1',
  port: 22,
  username: 'steward',
  privateKey: 'file:keys/web',
  hostKey: hostKey.key,
} as const
const registerHost = async ({ commands, meta }: Setting, change: Partial<Parameters<Setting['commands']['registerHost']>[0]> = {}) =>
  (await commands.registerHost({ ...newHost, ...change, meta: meta() })).id
const otherKey = { key: 'ssh-ed25519 BBBB', fingerprint: 'SHA256:other' }
const newTarget = (hostId: string) =>
  ({ name: 'shop', hostId, service: 'redis', logPaths: [], configPaths: [], stateDir: '/var/lib/steward', mode: 'propose' }) as const

test('the target that a managed server is, is retired with the server and not by itself', async () => {
  const { bench, commands, meta } = setUp()
  const of = { hostId: 's-1', logPaths: [], configPaths: [], stateDir: 'server-s-1' }
  const at = bench.clock.now()
  const registration = { targetId: 't-1', name: 'files', service: 'server', ...of, mode: 'propose', by: 'steward', at } as const
  await bench.given('target-t-1', { type: 'TargetRegistered', data: registration })
  const refused = { rule: 'target-of-a-server', facts: { serverId: 's-1' } }
  await expect(commands.retireTarget({ id: 't-1', reason: 'gone', meta: meta() })).rejects.toMatchObject(refused)
  expect(await bench.types('target-t-1')).toStrictEqual(['TargetRegistered'])
})

test('a host is registered after its key was confirmed and a login has worked', async () => {
  const setting = setUp()
  const id = await registerHost(setting)
  expect(setting.machine.asked).toStrictEqual([{ kind: 'exec', argv: ['true'] }])
  expect(setting.facts().map(({ type, stream }) => [type, stream])).toStrictEqual([
    ['NameClaimed', 'registry-host-keys'],
    ['NameClaimed', 'registry-hosts'],
    ['HostRegistered', `host-${id}`],
  ])
})

test('without a confirmed key the caller is shown which to confirm, and nothing is registered', async () => {
  const { commands, meta, facts, machine } = setUp()
  const { hostKey: _, ...unconfirmed } = newHost
  await expect(commands.registerHost({ ...unconfirmed, meta: meta() })).rejects.toMatchObject({
    rule: 'host-key-unconfirmed',
    facts: { fingerprint: hostKey.fingerprint, hostKey: hostKey.key },
  })
  await expect(commands.registerHost({ ...newHost, hostKey: 'ssh-ed25519 BBBB', meta: meta() })).rejects.toMatchObject({
    rule: 'host-key-mismatch',
    facts: { field: 'hostKey' },
  })
  expect(facts()).toStrictEqual([])
  expect(machine.asked).toStrictEqual([])
})

test.each([
  ['refused', 'host-unreachable', 'port'],
  ['timeout', 'host-unreachable', 'address'],
  ['no-route', 'host-unreachable', 'address'],
  ['unresolvable', 'host-unreachable', 'address'],
  ['connection-lost', 'host-unreachable', 'address'],
  ['not-ssh', 'not-an-ssh-server', 'port'],
  ['key-rejected', 'login-refused', 'username'],
  ['channel-refused', 'shell-unusable', 'username'],
  ['key-unreadable', 'private-key-invalid', 'privateKey'],
  ['host-key-mismatch', 'host-key-mismatch', 'hostKey'],
] as const)('a host that cannot be used (%s) is refused as %s by the field %s, and leaves nothing behind', async (away, rule, field) => {
  const { commands, meta, facts, machine } = setUp()
  machine.away = away
  const refused = expect(commands.registerHost({ ...newHost, meta: meta() })).rejects
  await refused.toMatchObject({ rule, facts: { field, ...(rule === 'host-unreachable' ? { reason: away } : {}) } })
  expect(facts()).toStrictEqual([])
})

test('a secret that cannot be had is no host that cannot be reached', async () => {
  const { commands, meta, facts, machine } = setUp()
  machine.away = 'key-unreadable'
  machine.cause = new SecretUnavailable({ reference: newHost.privateKey, rule: 'readable-by-others' })
  await expect(commands.registerHost({ ...newHost, meta: meta() })).rejects.toMatchObject({
    rule: 'secret-unavailable',
    facts: { field: 'privateKey', reason: 'readable-by-others' },
  })
  expect(facts()).toStrictEqual([])
})

test('an account that runs no commands is refused', async () => {
  const { commands, meta, facts, machine } = setUp()
  machine.answer = () => ({ kind: 'text', exitCode: 1, stdout: '', stderr: 'This account is currently not available.\n' })
  await expect(commands.registerHost({ ...newHost, meta: meta() })).rejects.toMatchObject({
    rule: 'shell-unusable',
    facts: { field: 'username', says: 'This account is currently not available.' },
  })
  expect(facts()).toStrictEqual([])
})

test('a name that is taken registers no second host, and leaves neither a connection nor a claim behind', async () => {
  const setting = setUp()
  const first = await registerHost(setting)
  setting.machine.shows = () => otherKey
  await expect(registerHost(setting, { hostKey: otherKey.key })).rejects.toMatchObject({
    rule: 'name-taken',
    facts: { name: 'web-1', holder: first },
  })
  expect(setting.machine.forgotten).toHaveLength(1)
  await registerHost(setting, { hostKey: otherKey.key, name: 'web-2' })
})

describe('one machine is one host', () => {
  const second = { name: 'web-2', address: '10.0.0.2' }

  test('a key that another host shows is refused by its name, and whoever is asked to compare it is told', async () => {
    const setting = setUp()
    const first = await registerHost(setting)
    const known = { host: 'web-1', hostId: first }
    await expect(registerHost(setting, second)).rejects.toMatchObject({
      rule: 'host-key-taken',
      facts: { field: 'hostKey', fingerprint: hostKey.fingerprint, ...known },
    })
    const { hostKey: _, ...unconfirmed } = { ...newHost, ...second }
    await expect(setting.commands.registerHost({ ...unconfirmed, meta: setting.meta() })).rejects.toMatchObject({
      rule: 'host-key-unconfirmed',
      facts: known,
    })
    expect(setting.facts()).toHaveLength(3)
  })

  test('machines that share a key are registered when somebody says so, with a warning', async () => {
    const setting = setUp()
    const { commands, meta } = setting
    await registerHost(setting)
    const shared = await commands.registerHost({ ...newHost, ...second, sharedHostKey: true, meta: meta() })
    expect(shared.warning).toContain('web-1')
    expect((await setting.bench.events(`host-${shared.id}`))[0]).toMatchObject({ data: { sharedHostKey: true } })
    await expect(registerHost(setting, { name: 'web-3', address: '10.0.0.3' })).rejects.toMatchObject({ rule: 'host-key-taken' })
  })

  test('the key of a retired host is free again, unless a third one shares it', async () => {
    const setting = setUp()
    const { commands, meta } = setting
    const first = await registerHost(setting)
    const other = await registerHost(setting, { ...second, sharedHostKey: true })
    await commands.retireHost({ id: first, reason: 'gone', meta: meta() })
    await expect(registerHost(setting)).rejects.toMatchObject({ rule: 'host-key-taken', facts: { host: 'web-2' } })
    await commands.retireHost({ id: other, reason: 'gone', meta: meta() })
    await registerHost(setting)
  })

  test('a new key moves the claim: the old one is free, the new one is taken', async () => {
    const setting = setUp()
    const { commands, meta, machine } = setting
    const id = await registerHost(setting)
    machine.shows = () => otherKey
    await expect(commands.changeHostKey({ id, meta: meta() })).rejects.toMatchObject({
      rule: 'host-key-unconfirmed',
      facts: { fingerprint: otherKey.fingerprint, hostKey: otherKey.key },
    })
    await commands.changeHostKey({ id, hostKey: otherKey.key, meta: meta() })
    await expect(registerHost(setting, { ...second, hostKey: otherKey.key })).rejects.toMatchObject({ rule: 'host-key-taken' })
    machine.shows = () => hostKey
    await registerHost(setting, second)
  })

  test('a new key that lets nobody in changes nothing, and claims nothing', async () => {
    const setting = setUp()
    const { commands, meta, machine } = setting
    const id = await registerHost(setting)
    machine.shows = () => otherKey
    machine.answer = () => ({ kind: 'text', exitCode: 1, stdout: '', stderr: '' })
    await expect(commands.changeHostKey({ id, hostKey: otherKey.key, meta: meta() })).rejects.toMatchObject({ rule: 'shell-unusable' })
    machine.answer = () => undefined
    await registerHost(setting, { ...second, hostKey: otherKey.key })
    expect(await setting.bench.types(`host-${id}`)).toStrictEqual(['HostRegistered'])
  })

  test('a registration that was cut off after its claims is carried on by a repeat, or leaves nothing', async () => {
    const setting = setUp()
    const { commands, bench, machine, meta } = setting
    const cut = meta()
    const lose = () => Promise.reject(new Error('the instance dies'))
    bench.interfere(
      (append) => append(),
      (append) => append(),
      (append) => append(),
      lose,
    )
    await expect(commands.registerHost({ ...newHost, meta: cut })).rejects.toThrow('the instance dies')
    expect(setting.facts().map(({ type }) => type)).toStrictEqual(['NameClaimed', 'NameClaimed'])
    await bench.clock.advance(ABANDONED_AFTER_MS)
    machine.away = 'refused'
    await expect(commands.registerHost({ ...newHost, meta: cut })).rejects.toMatchObject({ rule: 'host-unreachable' })
    machine.away = undefined
    await registerHost(setting)
  })
})

test('the name of a retired host is free again', async () => {
  const setting = setUp()
  const id = await registerHost(setting)
  await setting.commands.retireHost({ id, reason: 'gone', meta: setting.meta() })
  await expect(registerHost(setting)).resolves.not.toBe(id)
  await expect(setting.commands.retireHost({ id, reason: 'gone', meta: setting.meta() })).rejects.toMatchObject({
    rule: 'host-not-registered',
  })
})

test('a target is registered with what could be checked on its host', async () => {
  const setting = setUp()
  const hostId = await registerHost(setting)
  const { id } = await setting.commands.registerTarget({ ...newTarget(hostId), meta: setting.meta() })
  expect((await setting.bench.events(`target-${id}`))[0]).toMatchObject({
    type: 'TargetRegistered',
    data: { name: 'shop', hostId, mode: 'propose', by: 'mira' },
  })
})

test('a target on no host, or with the connection of another service, is refused by the name of the field', async () => {
  const setting = setUp()
  const { commands, meta } = setting
  await expect(commands.registerTarget({ ...newTarget('nowhere'), meta: meta() })).rejects.toMatchObject({
    rule: 'host-not-registered',
    facts: { field: 'hostId' },
  })
  const hostId = await registerHost(setting)
  const connection = { kind: 'nginx' } as const
  await expect(commands.registerTarget({ ...newTarget(hostId), connection, meta: meta() })).rejects.toMatchObject({
    rule: 'connection-for-another-service',
    facts: { field: 'connection.kind' },
  })
  expect(setting.facts()).toHaveLength(3)
})

test('what cannot be read is refused by its place in the list, and nothing is half registered', async () => {
  const setting = setUp()
  const hostId = await registerHost(setting)
  setting.machine.answer = () => ({ kind: 'text', exitCode: 1, stdout: '', stderr: 'denied' })
  const target = { ...newTarget(hostId), logPaths: ['/var/log/redis.log'], configPaths: ['/etc/redis.conf'] }
  await expect(setting.commands.registerTarget({ ...target, meta: setting.meta() })).rejects.toMatchObject({
    rule: 'path-unreadable',
    facts: { field: 'logPaths[0]', path: '/var/log/redis.log' },
  })
  expect(setting.facts()).toHaveLength(3)
  expect([...setting.saved]).toStrictEqual([])
})

test('a service that does not run, or a host that is away, is refused by the name of the field', async () => {
  const setting = setUp()
  const hostId = await registerHost(setting)
  const target = { ...newTarget(hostId), service: 'nginx' } as const
  setting.machine.answer = () => ({ kind: 'text', exitCode: 0, stdout: 'master=gone workers=0 status=none\n', stderr: '' })
  await expect(setting.commands.registerTarget({ ...target, meta: setting.meta() })).rejects.toMatchObject({
    rule: 'service-not-running',
    facts: { field: 'service', pidFile: '/run/nginx.pid' },
  })
  setting.machine.away = 'timeout'
  await expect(setting.commands.registerTarget({ ...target, meta: setting.meta() })).rejects.toMatchObject({
    rule: 'host-unreachable',
    facts: { field: 'hostId', reason: 'timeout' },
  })
  expect(setting.facts()).toHaveLength(3)
})

test('a target whose state directory cannot be written is refused, unless it is only observed', async () => {
  const setting = setUp()
  const hostId = await registerHost(setting)
  const stderr = "mkdir: cannot create directory '/var/lib/steward': Permission denied\n"
  setting.machine.answer = (program) =>
    program.kind === 'exec' && program.argv.includes('/var/lib/steward')
      ? { kind: 'text', exitCode: 1, stdout: '', stderr }
      : { kind: 'value', value: 'loading:0' }
  const target = newTarget(hostId)
  await expect(setting.commands.registerTarget({ ...target, meta: setting.meta() })).rejects.toMatchObject({
    rule: 'state-dir-unwritable',
    facts: { field: 'stateDir', path: '/var/lib/steward', says: stderr.trim() },
  })
  expect(setting.facts()).toHaveLength(3)
  await setting.commands.registerTarget({ ...target, mode: 'observe', meta: setting.meta() })
})

describe('a target that was only observed', () => {
  const unwritable = (machine: BehavedHost) => {
    machine.answer = (program) =>
      program.kind === 'exec' && program.argv.includes('/var/lib/steward')
        ? { kind: 'text', exitCode: 1, stdout: '', stderr: 'Permission denied\n' }
        : { kind: 'value', value: 'loading:0' }
  }

  test('may be acted upon only where marks can be made', async () => {
    const setting = setUp()
    const { commands, meta, machine, bench } = setting
    const hostId = await registerHost(setting)
    unwritable(machine)
    const { id } = await commands.registerTarget({ ...newTarget(hostId), mode: 'observe', meta: meta() })
    for (const mode of ['propose', 'act'] as const) {
      await expect(commands.changeTargetMode({ id, mode, meta: meta() })).rejects.toMatchObject({
        rule: 'state-dir-unwritable',
        facts: { field: 'mode', path: '/var/lib/steward', says: 'Permission denied' },
      })
    }
    machine.away = 'timeout'
    await expect(commands.changeTargetMode({ id, mode: 'act', meta: meta() })).rejects.toMatchObject({
      rule: 'host-unreachable',
      facts: { reason: 'timeout' },
    })
    machine.away = undefined
    machine.answer = () => undefined
    await commands.changeTargetMode({ id, mode: 'propose', meta: meta() })
    expect(await bench.types(`target-${id}`)).toStrictEqual(['TargetRegistered', 'TargetModeChanged'])
  })

  test('is asked nothing when it was checked before, or is to be observed only', async () => {
    const setting = setUp()
    const { commands, meta, machine } = setting
    const { id } = await commands.registerTarget({ ...newTarget(await registerHost(setting)), meta: meta() })
    unwritable(machine)
    await commands.changeTargetMode({ id, mode: 'act', meta: meta() })
    await commands.changeTargetMode({ id, mode: 'observe', meta: meta() })
  })
})

describe('retiring', () => {
  async function registered() {
    const setting = setUp()
    const hostId = await registerHost(setting)
    setting.machine.answer = (program) => (program.kind === 'redis' ? { kind: 'value', value: 'loading:0' } : undefined)
    const { id } = await setting.commands.registerTarget({ ...newTarget(hostId), meta: setting.meta() })
    const claim = { hostId, targetId: id, incidentId: 'i', executionId: 'x' }
    return {
      ...setting,
      setting,
      hostId,
      id,
      claim,
      retire: (more = {}) => setting.commands.retireTarget({ id, reason: 'gone', meta: { ...setting.meta(), ...more } }),
    }
  }
  const now = instant('2026-11-21T10:00:00.000Z')

  test('a target under a fix stays, and the fix is named; when it has ended the target goes', async () => {
    const { bench, retire, hostId, id, claim } = await registered()
    await bench.given(`lanes-${hostId}`, { type: 'LanesAcquired', data: { ...claim, actionId: 'redis.x', resources: [], at: now } })
    await expect(retire()).rejects.toMatchObject({ rule: 'target-is-being-fixed', facts: { incidentId: 'i', executionId: 'x' } })
    expect(await bench.types(`target-${id}`)).toStrictEqual(['TargetRegistered'])
    const { targetId: _, ...released } = claim
    await bench.given(`lanes-${hostId}`, { type: 'LanesReleased', data: { ...released, at: now } })
    await retire()
    expect(await bench.types(`target-${id}`)).toStrictEqual(['TargetRegistered', 'TargetRetired'])
    expect(await bench.types(`lanes-${hostId}`)).toStrictEqual(['LanesAcquired', 'LanesReleased', 'LanesLeft'])
  })

  test('somebody who saw an older target retires nothing, and takes it out of no lane', async () => {
    const { bench, retire, hostId, id } = await registered()
    await bench.given(`target-${id}`, { type: 'TargetSeen', data: { targetId: id, at: now } })
    await expect(retire({ expectedRevision: 0n })).rejects.toMatchObject({ rule: 'concurrency-conflict' })
    expect(await bench.types(`lanes-${hostId}`)).toStrictEqual([])
    await retire({ expectedRevision: 1n })
  })

  test('a host is retired after its targets, which are named until then', async () => {
    const { commands, meta, retire, hostId } = await registered()
    const retireHost = () => commands.retireHost({ id: hostId, reason: 'gone', meta: meta() })
    await expect(retireHost()).rejects.toMatchObject({ rule: 'host-has-targets', facts: { targets: 'shop' } })
    await retire()
    await retireHost()
  })

  test('the name of a retired target is free again', async () => {
    const { commands, meta, retire, hostId, id } = await registered()
    await expect(commands.registerTarget({ ...newTarget(hostId), meta: meta() })).rejects.toMatchObject({ rule: 'name-taken' })
    await retire()
    await expect(commands.registerTarget({ ...newTarget(hostId), meta: meta() })).resolves.not.toMatchObject({ id })
  })

  test('a retirement that was cut off is finished by a repeat, whatever happened to the target meanwhile', async () => {
    const { bench, commands, meta, hostId, id } = await registered()
    const cut = { ...meta(), expectedRevision: 0n }
    const lose = () => Promise.reject(new Error('the instance dies'))
    bench.interfere(
      (append) => append(),
      (append) => append(),
      lose,
    )
    await expect(commands.retireTarget({ id, reason: 'gone', meta: cut })).rejects.toThrow('the instance dies')
    expect(await bench.types(`lanes-${hostId}`)).toStrictEqual(['LanesLeft'])
    await bench.given(`target-${id}`, { type: 'TargetSeen', data: { targetId: id, at: now } })
    await bench.clock.advance(ABANDONED_AFTER_MS)
    await commands.retireTarget({ id, reason: 'gone', meta: cut })
    expect(await bench.types(`target-${id}`)).toStrictEqual(['TargetRegistered', 'TargetSeen', 'TargetRetired'])
    await commands.retireHost({ id: hostId, reason: 'gone', meta: meta() })
  })
})

test('a drift of what cannot be seen is not accepted', async () => {
  const { commands, meta } = setUp()
  await expect(commands.acceptDrift({ id: 't', reason: 'mine', meta: meta() })).rejects.toMatchObject({ rule: 'target-unseen' })
})
