/** Polls under a clock that is moved by hand: what is asked, when, and what becomes of every way in which an answer stays away. */
import { describe, expect, test } from 'vitest'
import { pollTarget } from '../../../src/commands/detection/poll-target.ts'
import { createRecordAnomaly } from '../../../src/commands/detection/record-anomaly.ts'
import type { Unseen } from '../../../src/commands/detection/visibility.ts'
import { createWatchFigures } from '../../../src/commands/detection/watch-figures.ts'
import { type Reached, TargetGone } from '../../../src/commands/effects/reach.ts'
import type { Fault } from '../../../src/domain/catalogue/fault.ts'
import type { Output, Program } from '../../../src/domain/catalogue/program.ts'
import { StoreUnavailable } from '../../../src/domain/ports/event-store.ts'
import { HostUnreachable, RemoteOutcomeUnknown, RemoteTimeout, ServiceRefused } from '../../../src/domain/ports/remote-host.ts'
import { SecretUnavailable } from '../../../src/domain/ports/secrets.ts'
import { createBench } from '../support/bench.ts'
import { settled } from '../support/hand-clock.ts'
import { detections, fault, target } from './support.ts'

const EVERY_MS = 15_000

const faultOf = (id: Fault['id'], service: Fault['service'], probe: string): Fault => ({
  ...{ ...fault, id, service },
  detect: [{ kind: 'poll', probe }],
})
const redisFaults = [
  faultOf('redis.maxmemory-reached', 'redis', 'redis.maxmemory'),
  faultOf('redis.snapshot-failed', 'redis', 'redis.snapshot'),
]
const postgresqlFaults = [faultOf('postgresql.connections-exhausted', 'postgresql', 'postgresql.connections')]

const info = (changes: Readonly<Record<string, string>> = {}): Output => ({
  kind: 'value',
  value: Object.entries({
    ...{ redis_version: '7.0.15', used_memory: '1000', maxmemory: '0', maxmemory_policy: 'noeviction', rdb_last_bgsave_status: 'ok' },
    ...changes,
  })
    .map(([name, value]) => `${name}:${value}`)
    .join('\r\n'),
})

type Answer = (program: Program, signal: AbortSignal | undefined) => Output | Promise<Output>

function poll(answer: Answer, { service = 'redis' }: { service?: 'redis' | 'postgresql' } = {}) {
  const bench = createBench()
  const stop = new AbortController()
  const told: (Unseen | undefined)[] = []
  const asked: string[] = []
  const behaves = { answer, reach: (reached: Reached): Reached => reached }
  const at = { host: '127.0.0.1', port: 6379 }
  const connection =
    service === 'redis' ? ({ kind: 'redis', at } as const) : ({ kind: 'postgresql', at, database: 'shop', user: 'observer' } as const)
  const registration = { ...target, service, connection }
  const running = pollTarget({
    targetId: 't',
    faults: service === 'redis' ? redisFaults : postgresqlFaults,
    async reach() {
      return behaves.reach({
        target: {
          situation: 'registered',
          registration,
          mode: 'propose',
          paused: false,
          frozen: undefined,
          unseen: undefined,
          baseline: new Map(),
          limits: {},
        },
        host: { ...{ hostId: 'h', name: 'box', address: 'box', port: 22, username: 'steward', privateKey: 'file:box' }, ...unusedHost },
        remote: { execute: unused, settle: unused, follow: unused, close: unused },
        async execute(program, { signal } = {}) {
          asked.push(bench.clock.now())
          return behaves.answer(program, signal)
        },
      })
    },
    record: createRecordAnomaly(bench),
    clock: bench.clock,
    tools: bench,
    figures: createWatchFigures(bench.metrics),
    logger: bench.logger,
    visible: async (unseen) => void told.push(unseen),
    everyMs: EVERY_MS,
    signal: stop.signal,
  })
  running.catch(() => undefined)
  return {
    ...{ bench, told, asked, behaves, running },
    stop: () => stop.abort(new Error('enough')),
    polls: () =>
      bench.figures
        .filter((figure) => figure.startsWith('steward_polls_total'))
        .map((figure) => figure.replace('steward_polls_total ', '')),
    async end() {
      await settled()
      stop.abort(new Error('enough'))
      await running
    },
  }
}

const unusedHost = { hostKey: { key: 'ssh-ed25519 AAAA', fingerprint: 'SHA256:shown' }, by: 'mira', at: target.at }
const unused = (): never => {
  throw new Error('not asked here')
}

describe('a service that answers', () => {
  test('is seen, and asked again after the interval, not before', async () => {
    const { bench, told, asked, polls, end } = poll(() => info())
    await settled()
    expect(told).toStrictEqual([undefined])
    expect(asked).toHaveLength(3)
    await bench.clock.advance(EVERY_MS - 1)
    expect(asked).toHaveLength(3)
    await bench.clock.advance(1)
    expect(asked).toHaveLength(6)
    expect(polls().slice(0, 3)).toStrictEqual(['health up 1', 'redis.maxmemory absent 1', 'redis.snapshot absent 1'])
    await end()
    expect(detections(bench)).toStrictEqual([])
  })

  test('and says that a fault is there makes an anomaly, less and less often while it lasts', async () => {
    const { bench, told, polls, end } = poll(() => info({ rdb_last_bgsave_status: 'err' }))
    await bench.clock.advance(60_000)
    await end()
    expect(detections(bench)[0]).toMatchObject({ faultId: 'redis.snapshot-failed', source: { kind: 'poll', probe: 'redis.snapshot' } })
    expect(detections(bench)).toHaveLength(5)
    expect(told.every((unseen) => unseen === undefined)).toBe(true)
    expect(polls()).toContain('redis.snapshot present 1')
  })

  test('is compared with the look before', async () => {
    const full = (refusals: number) => info({ used_memory: '1000', maxmemory: '1000', errorstat_OOM: `count=${refusals}` })
    const { bench, behaves, end } = poll(() => full(0))
    await settled()
    behaves.answer = () => full(0)
    await bench.clock.advance(EVERY_MS)
    expect(detections(bench)).toStrictEqual([])
    behaves.answer = () => full(3)
    await bench.clock.advance(EVERY_MS)
    expect(detections(bench)).toMatchObject([{ faultId: 'redis.maxmemory-reached' }])
    await end()
  })

  test('that it is down is seen: nothing is hidden about it', async () => {
    const { told, polls, end } = poll(() => {
      throw new ServiceRefused({ code: 'ECONNREFUSED', says: 'nobody listens there' })
    })
    await end()
    expect(told).toStrictEqual([undefined])
    expect(polls()).toStrictEqual(['health down 1', 'redis.maxmemory refused 1', 'redis.snapshot refused 1'])
  })
})

describe('an answer that stays away makes the target unseen, with the reason:', () => {
  const cases: readonly Readonly<{ what: string; error: Error; expected: Unseen }>[] = [
    {
      what: 'the host is away',
      error: new HostUnreachable({ hostId: 'h', rule: 'timeout' }),
      expected: { reason: 'host h: timeout', host: 'lost' },
    },
    {
      what: 'the server opens no channel',
      error: new HostUnreachable({ hostId: 'h', rule: 'channel-refused', says: 'too many' }),
      expected: { reason: 'host h: channel-refused: too many', host: 'reached' },
    },
    {
      what: 'no answer in time',
      error: new RemoteTimeout({ timeoutMs: 10_000 }),
      expected: { reason: expect.stringContaining('10000 ms'), host: 'reached' },
    },
    {
      what: 'an outcome that nobody knows',
      error: new RemoteOutcomeUnknown({ doing: 'INFO' }),
      expected: { reason: expect.stringContaining('INFO'), host: 'reached' },
    },
    {
      what: 'a password that cannot be read',
      error: new SecretUnavailable({ reference: 'file:redis', rule: 'missing' }),
      expected: { reason: 'the service cannot be asked: secret file:redis: missing', host: 'unknown' },
    },
    {
      what: 'a mistake of ours',
      error: new TypeError('x is not a function'),
      expected: { reason: expect.stringContaining('x is not a function'), host: 'unknown' },
    },
  ]
  test.each(cases)('$what', async ({ error, expected }) => {
    const { bench, told, behaves, end } = poll(() => {
      throw error
    })
    await settled()
    expect(told).toStrictEqual([expected])
    behaves.answer = () => info()
    await bench.clock.advance(EVERY_MS)
    expect(told).toStrictEqual([expected, undefined])
    await end()
  })

  test('an answer that cannot be read', async () => {
    const { told, polls, end } = poll(() => ({ kind: 'value', value: 'NOPERM' }))
    await end()
    expect(told).toStrictEqual([{ reason: 'the service does not say how it is', host: 'reached' }])
    expect(polls()).toStrictEqual(['health unknown 1', 'redis.maxmemory unreadable 1', 'redis.snapshot unreadable 1'])
  })

  test('one poll fails where the others do not', async () => {
    let asked = 0
    const { told, polls, end } = poll(() => {
      if (++asked === 2) throw new RemoteTimeout({ timeoutMs: 10_000 })
      return info()
    })
    await end()
    expect(told).toStrictEqual([{ reason: 'redis.maxmemory: the program was ended after 10000 ms', host: 'reached' }])
    expect(polls()).toStrictEqual(['health up 1', 'redis.maxmemory no-answer 1', 'redis.snapshot absent 1'])
  })

  test('one poll is refused by a service that is up', async () => {
    let asked = 0
    const { told, end } = poll(() => {
      if (++asked === 3) throw new ServiceRefused({ code: 'NOPERM', says: 'NOPERM this user has no permissions' })
      return info()
    })
    await end()
    expect(told).toStrictEqual([{ reason: 'redis.snapshot: NOPERM this user has no permissions', host: 'reached' }])
  })

  test('a role of PostgreSQL sees only its own sessions', async () => {
    const connections = { maxConnections: 100, reserved: 3, used: 1, visible: false }
    const { told, end } = poll(
      ({ kind, ...program }) => {
        const isHealth = kind === 'sql' && 'text' in program && program.text.includes('readOnly')
        return { kind: 'rows', rows: [isHealth ? { ...connections, waiting: 0, readOnly: false } : connections] }
      },
      { service: 'postgresql' },
    )
    await end()
    expect(told).toStrictEqual([{ reason: 'postgresql.connections: the account may not see all of it', host: 'reached' }])
  })
})

describe('while a question is on its way', () => {
  test('the end of watching says nothing of the service', async () => {
    const { told, stop, running, bench } = poll(
      (_program, signal) =>
        new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(new RemoteOutcomeUnknown({ doing: 'INFO' })))),
    )
    await settled()
    stop()
    await running
    expect(told).toStrictEqual([])
    expect(bench.logged).toStrictEqual([])
  })

  test('the next interval begins only after the answer', async () => {
    const held = Promise.withResolvers<Output>()
    const { bench, asked, behaves, end } = poll(() => held.promise)
    await bench.clock.advance(10 * EVERY_MS)
    expect(asked).toHaveLength(1)
    behaves.answer = () => info()
    held.resolve(info())
    await bench.clock.advance(EVERY_MS - 1)
    expect(asked).toHaveLength(3)
    await bench.clock.advance(1)
    expect(asked).toHaveLength(6)
    await end()
  })
})

test('a target that is gone is left alone', async () => {
  const { told, behaves, running, bench } = poll(() => info())
  await settled()
  behaves.reach = () => {
    throw new TargetGone({ what: 'target', id: 't', situation: 'retired' })
  }
  await bench.clock.advance(EVERY_MS)
  await running
  expect(told).toStrictEqual([undefined])
})

test('a store that is away says nothing of the target', async () => {
  const { told, behaves, running, bench } = poll(() => info())
  await settled()
  behaves.reach = () => {
    throw new StoreUnavailable({ doing: 'test' })
  }
  await bench.clock.advance(EVERY_MS)
  await expect(running).rejects.toBeInstanceOf(StoreUnavailable)
  expect(told).toStrictEqual([undefined])
})
