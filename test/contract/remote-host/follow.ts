/** Lines of a log: whole, in order, each with the exact place where it stands, whatever is in them and however slow the reader is. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { LogLine } from '../../../src/domain/ports/remote-host.ts'
import { until } from '../../support/until.ts'
import type { CurrentHost } from '../support/host-under-test.ts'
import { readLog } from '../support/log-reader.ts'

/** Shells of ours that still look at this path. */
const watchersOf = (path: string): number => {
  try {
    return execFileSync('pgrep', ['-f', '-c', `steward ${path}`], { encoding: 'utf8' }).trim() === '0' ? 0 : 1
  } catch {
    return 0
  }
}

export function followCases(current: CurrentHost): void {
  test('begins behind the newest line, and reports what is written then', async () => {
    const { host, path } = current()
    const log = path('app.log')
    writeFileSync(log, 'old 1\nold 2\nhalf')
    await using reader = readLog(host, log)
    await reader.ready()
    appendFileSync(log, ' and half\nnew\n')
    await reader.has(2)
    expect(reader.lines()).toStrictEqual([
      { text: 'half and half', offset: 12, generation: expect.any(String), cut: false },
      { text: 'new', offset: 26, generation: expect.any(String), cut: false },
    ])
    expect(reader.words()).toStrictEqual([])
    expect(reader.cursor()?.offset).toBe(statSync(log).size)
  })

  test('says first of all that the log can be read, also when there is nothing to read', async () => {
    const { host, path } = current()
    const log = path('app.log')
    writeFileSync(log, 'old\n')
    await using first = readLog(host, log)
    await first.ready()
    expect(first.reports[0]).toStrictEqual({ kind: 'seeing' })
    await first.stop()
    const from = first.cursor()
    await using second = readLog(host, log, from === undefined ? {} : { from })
    await until(() => second.reports.length > 0)
    expect(second.reports).toStrictEqual([{ kind: 'seeing' }])
  })

  test('begins at the oldest byte when asked to, also in files that were rotated before', async () => {
    const { host, path } = current()
    const log = path('app.log')
    for (const [name, text, seconds] of [
      ['app.log.2', 'first\n', 1_000],
      ['app.log.1', 'second\n', 2_000],
      ['app.log', 'third\n', 3_000],
    ] as const) {
      writeFileSync(path(name), text)
      execFileSync('touch', ['-d', `@${seconds}`, path(name)])
    }
    writeFileSync(path('app.log.3.gz'), 'compressed')
    writeFileSync(path('app-tls.log'), 'another log\n')
    await using reader = readLog(host, log, { start: 'oldest' })
    await reader.has(3)
    expect(reader.texts()).toStrictEqual(['first', 'second', 'third'])
  })

  test('a cursor is exact: reading again from anywhere gives the same lines with the same names', async () => {
    const { host, path } = current()
    const log = path('app.log')
    const texts = Array.from({ length: 500 }, (_, n) => `line ${n} ${'é'.repeat(n % 7)}`)
    writeFileSync(log, `${texts.join('\n')}\n`)
    let all: readonly LogLine[]
    {
      await using reader = readLog(host, log, { start: 'oldest' })
      await reader.has(500)
      all = reader.lines()
      const bytes = readFileSync(log)
      for (const { text, offset } of all) expect(bytes.subarray(offset, offset + Buffer.byteLength(text)).toString()).toBe(text)
      const cursor = reader.cursor()
      expect(cursor?.head).toStrictEqual({ lengthBytes: 1024, sha256: createHash('sha256').update(bytes.subarray(0, 1024)).digest('hex') })
      expect(cursor?.inode).toBe(String(statSync(log, { bigint: true }).ino))
      appendFileSync(log, 'later\n')
      await reader.has(501)
      all = reader.lines()
    }
    await using again = readLog(host, log, { start: 'oldest' })
    await again.has(501)
    expect(again.lines()).toStrictEqual(all)
    const middle = all[300]
    const end = again.cursor()
    if (middle === undefined || end === undefined) throw new Error('no line')
    const head = { lengthBytes: 100, sha256: createHash('sha256').update(readFileSync(log).subarray(0, 100)).digest('hex') }
    await using rest = readLog(host, log, { from: { ...end, offset: middle.offset, head } })
    await rest.has(201)
    expect(rest.lines()).toStrictEqual(all.slice(300))
  })

  test('a line that is written in pieces is reported when it is whole', async () => {
    const { host, path } = current()
    const log = path('app.log')
    writeFileSync(log, 'first\n')
    await using reader = readLog(host, log)
    await reader.ready()
    for (const piece of ['in ', 'three ', 'pieces\nnext']) {
      appendFileSync(log, piece)
      await new Promise((resolve) => setTimeout(resolve, 150))
    }
    appendFileSync(log, '\n')
    await reader.has(2)
    expect(reader.texts()).toStrictEqual(['in three pieces', 'next'])
  })

  test('invalid UTF-8, NUL and carriage returns do not move an offset', async () => {
    const { host, path } = current()
    const log = path('app.log')
    writeFileSync(log, Buffer.from([0x61, 0xff, 0xfe, 0x62, 0x0a, 0x00, 0x0a, 0xe2, 0x82, 0x0a, 0x63, 0x0d, 0x0a]))
    await using reader = readLog(host, log, { start: 'oldest' })
    await reader.has(4)
    expect(reader.lines().map(({ text, offset }) => [text, offset])).toStrictEqual([
      ['a\ufffd\ufffdb', 0],
      ['\0', 5],
      ['\ufffd', 7],
      ['c\r', 10],
    ])
  })

  test('a line of 10 MB is cut, and the next one is whole', async () => {
    const { host, path } = current()
    const log = path('app.log')
    writeFileSync(log, `before\n${'é'.repeat(5 * 1024 * 1024)}\nafter\n`)
    await using reader = readLog(host, log, { start: 'oldest', maxLineBytes: 1001 })
    await reader.has(3)
    expect(reader.lines()).toStrictEqual([
      expect.objectContaining({ text: 'before', offset: 0, cut: false }),
      expect.objectContaining({ text: 'é'.repeat(500), offset: 7, cut: true }),
      expect.objectContaining({ text: 'after', offset: 7 + 10 * 1024 * 1024 + 1, cut: false }),
    ])
  })

  test('a reader that stops costs no memory, and loses nothing', async () => {
    const { host, path } = current()
    const log = path('app.log')
    const line = `${'x'.repeat(99)}\n`
    // 100 MB: far more than what may be on its way, which is two windows of SSH.
    const count = 1_000_000
    for (let done = 0; done < count; done += 50_000) appendFileSync(log, line.repeat(50_000))
    const stop = new AbortController()
    const held = (): number => process.memoryUsage().arrayBuffers
    let lines = 0
    let misplaced = 0
    let growth: number | undefined
    for await (const report of host.follow(log, { start: 'oldest', signal: stop.signal })) {
      if (report.kind !== 'lines') continue
      misplaced += report.lines.filter(({ offset }, n) => offset !== (lines + n) * line.length).length
      lines += report.lines.length
      if (lines > 0 && growth === undefined) {
        const before = held()
        await new Promise((resolve) => setTimeout(resolve, 1_500))
        growth = held() - before
      }
      if (lines === count) stop.abort()
    }
    expect({ lines, misplaced }).toStrictEqual({ lines: count, misplaced: 0 })
    expect(growth).toBeLessThan(20_000_000)
  })

  test('a file that does not exist yet is missed, then read from its first byte', async () => {
    const { host, path } = current()
    const log = path('app.log')
    await using reader = readLog(host, log)
    await reader.says('blind:missing')
    const from = reader.cursor()
    writeFileSync(log, 'first\nsecond\n')
    await reader.has(2)
    expect(reader.texts()).toStrictEqual(['first', 'second'])
    expect(reader.words()).toStrictEqual(['blind:missing', 'seeing'])
    // Somebody who was stopped while there was no file misses nothing either.
    if (from === undefined) throw new Error('no cursor')
    await using late = readLog(host, log, { from })
    await late.has(2)
    expect(late.texts()).toStrictEqual(['first', 'second'])
  })

  test('what is no file is not read', async () => {
    const { host, path } = current()
    mkdirSync(path('app.log'))
    await using reader = readLog(host, path('app.log'))
    await reader.says('blind:not-a-regular-file')
    rmSync(path('app.log'), { recursive: true })
    writeFileSync(path('app.log'), 'a file at last\n')
    await reader.has(1)
    expect(reader.words().at(-1)).toBe('seeing')
  })

  test('a file that loses its name is said to be missing, and is still read', async () => {
    const { host, path } = current()
    const log = path('app.log')
    writeFileSync(log, 'first\n')
    await using reader = readLog(host, log)
    await reader.ready()
    renameSync(log, path('aside'))
    await reader.says('blind:missing')
    appendFileSync(path('aside'), 'late\n')
    await reader.has(1)
    writeFileSync(log, 'new\n')
    await reader.has(2)
    expect(reader.texts()).toStrictEqual(['late', 'new'])
    expect(reader.words().at(-1)).toBe('seeing')
  })

  test('an outage of the connection loses nothing, and is told when it lasts', async () => {
    const { fragile, line, path } = current()
    const log = path('app.log')
    writeFileSync(log, 'first\n')
    await using reader = readLog(fragile, log)
    await reader.ready()
    appendFileSync(log, 'second\n')
    await reader.has(1)
    line.resetConnections()
    appendFileSync(log, 'third\n')
    await reader.has(2)
    await line.stop()
    await reader.says('blind:host-unreachable')
    appendFileSync(log, 'fourth\n')
    await line.start()
    await reader.has(3)
    expect(reader.texts()).toStrictEqual(['second', 'third', 'fourth'])
    expect(reader.words()).toStrictEqual(['blind:host-unreachable', 'seeing'])
  })

  test('a connection that falls silent is replaced', async () => {
    const { fragile, line, path } = current()
    const log = path('app.log')
    writeFileSync(log, 'first\n')
    await using reader = readLog(fragile, log)
    await reader.ready()
    line.freeze()
    appendFileSync(log, 'second\n')
    await reader.says('blind:host-unreachable')
    line.thaw()
    await reader.has(1)
    expect(reader.texts()).toStrictEqual(['second'])
    expect(reader.words()).toStrictEqual(['blind:host-unreachable', 'seeing'])
  })

  test('no shell stays on the host when nobody follows any more', async () => {
    const { host, fragile, line, path } = current()
    const log = path('app.log')
    writeFileSync(log, 'first\n')
    const readers = [readLog(host, log), readLog(fragile, log)]
    for (const reader of readers) await reader.ready()
    expect(watchersOf(log)).toBeGreaterThan(0)
    line.resetConnections()
    await line.stop()
    for (const reader of readers) await reader.stop()
    await until(() => watchersOf(log) === 0)
  })

  test('more followed files than sessions, and programs still run', async () => {
    const { fragile, line, path } = current()
    const logs = Array.from({ length: 9 }, (_, n) => path(`app-${n}.log`))
    for (const log of logs) writeFileSync(log, 'first\n')
    const readers = logs.map((log) => readLog(fragile, log))
    try {
      for (const reader of readers) await reader.ready()
      expect(await fragile.execute({ kind: 'exec', argv: ['true'] }, { timeoutMs: 5_000 })).toMatchObject({ exitCode: 0 })
      for (const log of logs) appendFileSync(log, 'second\n')
      for (const reader of readers) await reader.has(1)
      expect(line.connections).toBe(2)
    } finally {
      for (const reader of readers) await reader.stop()
    }
  })
}
