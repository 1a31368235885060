/** A rollback is proven by the host: the same files and settings as before, and no probe worse than it was. */
import { expect, test } from 'vitest'
import { createProve } from '../../../src/commands/effects/prove.ts'
import type { TargetInventory } from '../../../src/domain/catalogue/inventory.ts'
import type { Output, Program } from '../../../src/domain/catalogue/program.ts'
import { instant } from '../../../src/domain/instant.ts'
import { HostUnreachable, RemoteTimeout, ServiceRefused } from '../../../src/domain/ports/remote-host.ts'
import type { StateVector } from '../../../src/domain/processes/effects.ts'
import { localReached } from '../../support/local-reached.ts'
import { someone } from '../support/bench.ts'
import { HandClock } from '../support/hand-clock.ts'

const inventory: TargetInventory = {
  ...{ targetId: 't', name: 't', hostId: 'h', service: 'redis', logPaths: [], configPaths: [], stateDir: '/s' },
  connection: { kind: 'redis', at: { socket: '/run/redis.sock' } },
}
const info = (used: number, refusals: number, status = 'ok'): Output => ({
  kind: 'value',
  value: [
    'redis_version:7.0.15',
    `used_memory:${used}`,
    'maxmemory:1000',
    'maxmemory_policy:noeviction',
    `rdb_last_bgsave_status:${status}`,
    `errorstat_OOM:count=${refusals}`,
  ].join('\r\n'),
})
const well = info(10, 0)

type Host = Readonly<{ mode?: string; maxmemory?: unknown; info?: Output; visible?: boolean }>
const answers = ({ mode = '644', maxmemory = '1000', info: said = well, visible = true }: Host, program: Program): Output => {
  if (program.kind === 'redis') return program.command[0] === 'INFO' ? said : { kind: 'value', value: ['maxmemory', String(maxmemory)] }
  const fields = visible ? ['S', 'f', mode, '0', '0', '1', '1', '1', '', '/a', 'H', `${'a'.repeat(64)}  /a`] : ['U', '/a']
  return { kind: 'text', exitCode: 0, stdout: btoa(fields.map((field) => `${field}\0`).join('')), stderr: '' }
}

const file = { kind: 'file', mode: '644', uid: 0, gid: 0, link: '', sha256: 'a'.repeat(64), attributes: '' }
const before: StateVector = { files: { '/a': file }, settings: { maxmemory: '1000' }, health: 'up', precondition: 'does-not-hold' }
const action = { id: 'redis.raise-maxmemory', version: 1, params: { ceilingBytes: 5_000 } } as const

function prove(run: (program: Program, looks: number) => Output, was: StateVector = before) {
  const clock = new HandClock()
  let looks = 0
  const reached = localReached(
    {
      async run(program) {
        if (program.kind === 'script') looks += 1
        return run(program, looks)
      },
    },
    inventory,
  )
  const context = { effectId: 'e', requestedAt: instant('2026-11-21T10:00:00.000Z'), signal: new AbortController().signal, cause: someone }
  const proven = createProve({ reach: async () => reached, clock })({ targetId: 't', before: was, action }, context)
  // The service is given five seconds to take up what was restored.
  return { proven: Promise.all([proven, clock.advance(10_000)]).then(([result]) => result), looks: () => looks }
}

test('the same files, settings and health prove it', async () => {
  expect(await prove((program) => answers({}, program)).proven).toEqual({ kind: 'same' })
})

test.each<{ what: string; now: Host; says: string }>([
  { what: 'a mode', now: { mode: '600' }, says: '/a: mode is 600, was 644' },
  { what: 'a setting', now: { maxmemory: '2000' }, says: 'setting maxmemory is 2000, was 1000' },
  { what: 'a health', now: { info: info(10, 0, 'err') }, says: 'health is degraded, was up' },
  { what: 'a fault', now: { info: info(1_000, 3) }, says: 'the fault is there, and was not before' },
])('$what that differs is told, after it was given time', async ({ now, says }) => {
  const { proven, looks } = prove((program) => answers(now, program))
  const result = await proven
  expect(result).toMatchObject({ kind: 'different', differences: expect.arrayContaining([says]) })
  expect(looks()).toBe(10)
})

test('a service that needs a moment is given it', async () => {
  const { proven, looks } = prove((program, look) => answers({ maxmemory: look < 4 ? '2000' : '1000' }, program))
  expect(await proven).toEqual({ kind: 'same' })
  expect(looks()).toBe(4)
})

test('the fault itself is no difference when it was there before: a rollback brings it back', async () => {
  const faulty = { ...before, health: 'degraded', precondition: 'holds' } as const
  expect(await prove((program) => answers({ info: info(1_000, 3) }, program), faulty).proven).toEqual({ kind: 'same' })
})

test('what was not known before cannot be worse', async () => {
  const blind = { ...before, health: 'unknown', precondition: 'unknown' } as const
  expect(await prove((program) => answers({ info: info(1_000, 3, 'err') }, program), blind).proven).toEqual({ kind: 'same' })
})

test.each<{ what: string; now: Host; reason: string }>([
  { what: 'a file', now: { visible: false }, reason: 'the restored files could not be read' },
  { what: 'a setting', now: { maxmemory: 'none' }, reason: 'the restored settings could not be read' },
])('$what that cannot be read proves nothing', async ({ now, reason }) => {
  expect(await prove((program) => answers(now, program)).proven).toEqual({ kind: 'unknown', reason })
})

test('a service that does not answer proves nothing of its settings; one that refuses is down', async () => {
  const silent = (program: Program): Output => {
    if (program.kind === 'redis') throw new RemoteTimeout({ timeoutMs: 1 })
    return answers({}, program)
  }
  expect(await prove(silent).proven).toMatchObject({ kind: 'unknown' })
  const down = (program: Program): Output => {
    if (program.kind === 'redis') throw new ServiceRefused({ code: 'ECONNREFUSED', says: 'nobody listens there' })
    return answers({}, program)
  }
  expect(await prove(down, { ...before, settings: {} }).proven).toMatchObject({
    kind: 'different',
    differences: ['health is down, was up'],
  })
})

test('a host that is not reached fails the look: it is asked again', () =>
  expect(
    prove(() => {
      throw new HostUnreachable({ hostId: 'h', rule: 'timeout' })
    }).proven,
  ).rejects.toBeInstanceOf(HostUnreachable))
