/** What is measured around the event store and around hosts: every call by what became of it, and nothing of it is changed. */
import { describe, expect, test } from 'vitest'
import { meterEventStore } from '../../../src/adapters/metrics/metered-event-store.ts'
import { meterHosts } from '../../../src/adapters/metrics/metered-hosts.ts'
import { AppendTooLarge, ConcurrencyConflict, OutcomeUnknown, StoreUnavailable } from '../../../src/domain/ports/event-store.ts'
import {
  type HostAddress,
  HostUnreachable,
  MarkTaken,
  RemoteOutcomeUnknown,
  RemoteTimeout,
  ServiceRefused,
} from '../../../src/domain/ports/remote-host.ts'
import { createBench } from '../../commands/support/bench.ts'
import { FedHost } from '../../commands/support/fed-host.ts'

const address: HostAddress = {
  hostId: 'h',
  address: 'box',
  port: 22,
  username: 'steward',
  privateKey: 'file:box',
  hostKey: { key: 'k', fingerprint: 'f' },
}

describe('an append', () => {
  const stream = 'host-1'
  const event = () => {
    const eventId = crypto.randomUUID()
    return { type: 'HostReached', data: {}, metadata: { eventId, correlationId: 'c', causationId: 'c', actor: 'mira', schemaVersion: 1 } }
  }

  test('that is stored is timed, and its events are counted', async () => {
    const { store, metrics, figures } = createBench()
    const metered = meterEventStore(store, metrics)
    expect(await metered.append(stream, 'no-stream', [event(), event()])).toMatchObject({ revision: 1n })
    expect(figures).toStrictEqual([expect.stringMatching(/^steward_append_seconds stored \d/), 'steward_appended_events_total 2'])
    expect(await Array.fromAsync(metered.readStream(stream))).toHaveLength(2)
    expect(await Array.fromAsync(metered.readAll())).toHaveLength(3)
    expect(await metered.head()).toBe(await store.head())
  })

  test.each([
    ['conflict', new ConcurrencyConflict({ stream, expected: 1n, actual: 2n })],
    ['unknown', new OutcomeUnknown({ stream })],
    ['unavailable', new StoreUnavailable({ doing: 'test' })],
    ['refused', new AppendTooLarge({ sizeBytes: 2, limitBytes: 1 })],
    ['failed', new Error('something else')],
  ])('that is not stored is timed as %s, and the error is the same', async (outcome, error) => {
    const { store, metrics, figures } = createBench()
    const metered = meterEventStore({ ...store, append: () => Promise.reject(error) }, metrics)
    await expect(metered.append(stream, 'no-stream', [event()])).rejects.toBe(error)
    expect(figures).toStrictEqual([expect.stringMatching(`^steward_append_seconds ${outcome} `)])
  })
})

describe('a program on a host', () => {
  const program = { kind: 'exec', argv: ['true'] } as const
  const mark = { stateDir: '/s', executionId: 'e', step: 'fix-1' }

  test('that answers is counted and timed', async () => {
    const { metrics, figures } = createBench()
    const machine = new FedHost()
    machine.answer = () => ({ kind: 'text', exitCode: 1, stdout: '', stderr: '' })
    const hosts = meterHosts(machine.hosts(), metrics)
    expect(await hosts.open(address).execute(program, { timeoutMs: 1_000 })).toMatchObject({ exitCode: 1 })
    expect(figures).toStrictEqual(['steward_ssh_execs_total answered 1', expect.stringMatching(/^steward_ssh_exec_seconds \d/)])
  })

  test.each([
    ['unreachable', new HostUnreachable({ hostId: 'h', rule: 'timeout' })],
    ['timeout', new RemoteTimeout({ timeoutMs: 1 })],
    ['unknown', new RemoteOutcomeUnknown({ doing: 'test' })],
    ['service-refused', new ServiceRefused({ code: 'NOPERM', says: 'no' })],
    ['mark-taken', new MarkTaken({ mark })],
    ['failed', new TypeError('something else')],
  ])('that fails is counted as %s, and the error is the same', async (outcome, error) => {
    const { metrics, figures } = createBench()
    const machine = new FedHost()
    machine.answer = () => {
      throw error
    }
    await expect(meterHosts(machine.hosts(), metrics).open(address).execute(program, { timeoutMs: 1_000 })).rejects.toBe(error)
    expect(figures[0]).toBe(`steward_ssh_execs_total ${outcome} 1`)
  })

  test('that its caller called off says so', async () => {
    const { metrics, figures } = createBench()
    const machine = new FedHost()
    machine.answer = () => {
      throw new RemoteOutcomeUnknown({ doing: 'test' })
    }
    const host = meterHosts(machine.hosts(), metrics).open(address)
    await expect(host.execute(program, { timeoutMs: 1_000, signal: AbortSignal.abort() })).rejects.toBeInstanceOf(RemoteOutcomeUnknown)
    expect(figures[0]).toBe('steward_ssh_execs_total called-off 1')
  })

  test('is asked through the same host each time', () => {
    const { metrics } = createBench()
    const { remote } = new FedHost()
    const hosts = meterHosts({ ...new FedHost().hosts(), open: () => remote }, metrics)
    expect(hosts.open(address)).toBe(hosts.open(address))
  })
})
