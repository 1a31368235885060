import { expect, test } from 'vitest'
import { compileLogMatcher } from '../../../src/adapters/log-matcher/log-matcher.ts'
import { createRecordAnomaly } from '../../../src/commands/detection/record-anomaly.ts'
import type { CommandMeta } from '../../../src/commands/operator/operator-command.ts'
import { createOperatorCommands } from '../../../src/commands/operator/operator-commands.ts'
import type { LogCursor } from '../../../src/domain/ports/remote-host.ts'
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
const registerHost = async ({ commands, meta }: Setting) => (await commands.registerHost({ ...newHost, meta: meta() })).id
const newTarget = (hostId: string) =>
  ({ name: 'shop', hostId, service: 'redis', logPaths: [], configPaths: [], stateDir: '/var/lib/steward', mode: 'propose' }) as const

test('a host is registered after its key was confirmed and a login has worked', async () => {
  const setting = setUp()
  const id = await registerHost(setting)
  expect(setting.machine.asked).toStrictEqual([{ kind: 'exec', argv: ['true'] }])
  expect(setting.facts().map(({ type, stream }) => [type, stream])).toStrictEqual([
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
  ['refused', 'address'],
  ['unresolvable', 'address'],
  ['key-rejected', 'username'],
  ['key-unreadable', 'privateKey'],
  ['host-key-mismatch', 'hostKey'],
] as const)('a host that cannot be reached (%s) is refused by the field %s', async (rule, field) => {
  const { commands, meta, facts, machine } = setUp()
  machine.away = rule
  await expect(commands.registerHost({ ...newHost, meta: meta() })).rejects.toMatchObject({
    rule: 'host-unreachable',
    facts: { field, reason: rule },
  })
  expect(facts()).toStrictEqual([])
})

test('a name that is taken registers no second host, and leaves no connection behind', async () => {
  const setting = setUp()
  const first = await registerHost(setting)
  await expect(registerHost(setting)).rejects.toMatchObject({ rule: 'name-taken', facts: { name: 'web-1', holder: first } })
  expect(setting.facts()).toHaveLength(2)
  expect(setting.machine.forgotten).toHaveLength(1)
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
  expect(setting.facts()).toHaveLength(2)
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
  expect(setting.facts()).toHaveLength(2)
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
  expect(setting.facts()).toHaveLength(2)
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
  expect(setting.facts()).toHaveLength(2)
  await setting.commands.registerTarget({ ...target, mode: 'observe', meta: setting.meta() })
})

test('a drift of what cannot be seen is not accepted', async () => {
  const { commands, meta } = setUp()
  await expect(commands.acceptDrift({ id: 't', reason: 'mine', meta: meta() })).rejects.toMatchObject({ rule: 'target-unseen' })
})
