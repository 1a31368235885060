import { expect, test } from 'vitest'
import { createRecordAnomaly } from '../../../src/commands/detection/record-anomaly.ts'
import { createVisibility } from '../../../src/commands/detection/visibility.ts'
import { watchLog } from '../../../src/commands/detection/watch-log.ts'
import type { Fault } from '../../../src/domain/catalogue/fault.ts'
import { StoreUnavailable } from '../../../src/domain/ports/event-store.ts'
import type { LogMatcher } from '../../../src/domain/ports/log-matcher.ts'
import type { LogCursor, LogReport } from '../../../src/domain/ports/remote-host.ts'
import type { TargetRegistration } from '../../../src/domain/target/events.ts'
import { BehavedHost } from '../support/behaved-host.ts'
import { type Bench, createBench, failBefore } from '../support/bench.ts'
import { settled } from '../support/hand-clock.ts'

const fault: Fault = {
  id: 'nginx.backend-down',
  service: 'nginx',
  title: 'The backend is down',
  severity: 'error',
  cooldownMs: 60_000,
  diagnosis: 'x',
  detect: [],
  remedies: [],
  runbook: 'x',
}

/** `fault <what>` is a fault with a hint. */
const matcher: LogMatcher = {
  match: (lines) =>
    lines.flatMap((line, index) => (line.startsWith('fault ') ? [{ index, fault, hints: { what: line.slice('fault '.length) } }] : [])),
}

const target: TargetRegistration = {
  ...{ targetId: 't', name: 'shop', hostId: 'h', service: 'nginx', logPaths: ['/log'], configPaths: [], stateDir: '/s', mode: 'propose' },
  ...{ by: 'mira', at: createBench().clock.now() },
}

const cursorAt = (offset: number): LogCursor => ({ generation: 'g', device: '1', inode: '1', offset, head: { lengthBytes: 0, sha256: '' } })

/** Lines as they stand in one file, each ended by a newline. */
function reportOf(texts: readonly string[], from = 0): LogReport {
  let offset = from
  const lines = texts.map((text) => {
    const line = { text, offset, generation: 'g', cut: false }
    offset += text.length + 1
    return line
  })
  return { kind: 'lines', lines, cursor: cursorAt(offset) }
}

function watch(bench: Bench, reports: readonly LogReport[]) {
  const host = new BehavedHost()
  host.reports = reports
  const stop = new AbortController()
  const saved: number[] = []
  const told: unknown[] = []
  const running = watchLog({
    ...{ target, path: '/log', remote: host.remote, matcher, clock: bench.clock, signal: stop.signal },
    record: createRecordAnomaly(bench),
    cursors: {
      load: async () => undefined,
      save: async (_target, _path, { offset }) => void saved.push(offset),
      forget: async () => undefined,
    },
    tools: bench,
    visible: async (path, reason) => void told.push([path, reason]),
    gap: async (path, { reason }) => void told.push([path, reason]),
    linesRead: (count) => void told.push(count),
  })
  const end = async () => {
    await settled()
    stop.abort(new Error('enough'))
    await running
  }
  return { saved, told, running, end }
}

const detections = (bench: Bench) => bench.all().flatMap((event) => (event.type === 'AnomalyDetected' ? [event.data] : []))
const counts = (bench: Bench) => bench.all().flatMap((event) => (event.type === 'AnomalyRepeated' ? [event.data] : []))

test('a line that a fault recognises is recorded with its place, and its like are counted', async () => {
  const bench = createBench()
  const { saved, told, end } = watch(bench, [reportOf(['fault a', 'harmless', 'fault a', 'fault b', 'fault a'])])
  await end()
  expect(detections(bench)).toMatchObject([
    { faultId: fault.id, source: { kind: 'log', path: '/log', generation: 'g', offset: 0 }, hints: { what: { text: 'a' } } },
    { faultId: fault.id, source: { offset: 25 }, hints: { what: { text: 'b' } } },
  ])
  expect(counts(bench)).toMatchObject([{ count: 2, fromOffset: 17, toOffset: 41 }])
  expect(saved).toStrictEqual([41])
  expect(told).toStrictEqual([5])
})

test('of lines that nothing recognises only critical ones are recorded, by their template', async () => {
  const bench = createBench()
  const line = (level: string, pid: number) => `2026/11/21 10:00:00 [${level}] ${pid}#${pid}: *1 something odd`
  const { end } = watch(bench, [reportOf([line('error', 1), line('warn', 2), line('crit', 3), line('crit', 4), 'no level at all'])])
  await end()
  expect(detections(bench)).toMatchObject([{ severity: 'critical', source: { kind: 'log' } }])
  expect(detections(bench)[0]).not.toHaveProperty('faultId')
  expect(counts(bench)).toMatchObject([{ count: 1 }])
})

test('the cursor moves only behind lines whose detections are recorded', async () => {
  const bench = createBench()
  bench.interfere(failBefore(new StoreUnavailable({ doing: 'test' })))
  const { saved, running } = watch(bench, [reportOf(['fault a'])])
  await expect(running).rejects.toBeInstanceOf(StoreUnavailable)
  expect(saved).toStrictEqual([])
})

test('lines that are read again after a crash record nothing twice', async () => {
  const bench = createBench()
  const report = reportOf(['fault a', 'fault a', 'fault b'])
  await watch(bench, [report]).end()
  const before = bench.all().length
  await watch(bench, [report]).end()
  expect(bench.all()).toHaveLength(before)
})

test('the same line at another place, or in another file, is another anomaly of the same fingerprint', async () => {
  const bench = createBench()
  await watch(bench, [reportOf(['fault a'])]).end()
  await watch(bench, [reportOf(['fault a'], 100)]).end()
  const [first, second] = detections(bench)
  expect(first?.anomalyId).not.toBe(second?.anomalyId)
  expect(first?.fingerprintId).toBe(second?.fingerprintId)
})

test('gaps and blindness are told, and a gap moves the cursor', async () => {
  const bench = createBench()
  const { saved, told, end } = watch(bench, [
    { kind: 'blind', reason: 'missing', says: 'no such file' },
    { kind: 'seeing' },
    { kind: 'gap', generation: 'g', fromOffset: 0, toOffset: 9, reason: 'truncated', cursor: cursorAt(9) },
  ])
  await end()
  expect(told).toStrictEqual([
    ['/log', '/log: missing: no such file'],
    ['/log', undefined],
    ['/log', 'truncated'],
  ])
  expect(saved).toStrictEqual([9])
})

test('what an outage kept from the log is told again, and the same is told once', async () => {
  const bench = createBench()
  const visibility = createVisibility(target, bench)
  await bench.given('target-t', { type: 'TargetRegistered', data: target })
  bench.interfere(failBefore(new StoreUnavailable({ doing: 'test' })))
  await expect(visibility.report('service', 'it does not answer')).rejects.toBeInstanceOf(StoreUnavailable)
  await visibility.report('service', 'it does not answer')
  await visibility.report('service', 'it does not answer')
  expect(await bench.types('target-t')).toStrictEqual(['TargetRegistered', 'TargetUnseen'])
  await visibility.report('service', undefined)
  expect(await bench.types('target-t')).toStrictEqual(['TargetRegistered', 'TargetUnseen', 'TargetSeen'])
})

test('a target can be seen only when everything of it can', async () => {
  const bench = createBench()
  const visibility = createVisibility(target, bench)
  await bench.given('target-t', { type: 'TargetRegistered', data: target })
  await visibility.report('/log', '/log: missing')
  await visibility.report('service', undefined)
  expect(await bench.types('target-t')).toStrictEqual(['TargetRegistered', 'TargetUnseen'])
  await visibility.report('/log', undefined)
  expect(await bench.types('target-t')).toStrictEqual(['TargetRegistered', 'TargetUnseen', 'TargetSeen'])
})
