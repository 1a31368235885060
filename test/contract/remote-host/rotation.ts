/** Nothing that is still on the host is lost, however a log is rotated and whoever was away meanwhile; what is gone is said to be gone. */
import { appendFileSync, copyFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { LogCursor } from '../../../src/domain/ports/remote-host.ts'
import type { CurrentHost } from '../support/host-under-test.ts'
import { readLog } from '../support/log-reader.ts'

const numbered = (from: number, to: number): string => Array.from({ length: to - from }, (_, n) => `line ${from + n}\n`).join('')
const texts = (from: number, to: number): string[] => numbered(from, to).trim().split('\n')

export function rotationCases(current: CurrentHost): void {
  /** Reads so many lines, and goes away. */
  async function cursorAfter(log: string, count: number): Promise<LogCursor> {
    await using reader = readLog(current().host, log, { start: 'oldest' })
    await reader.has(count)
    const cursor = reader.cursor()
    if (cursor === undefined) throw new Error('no cursor')
    return cursor
  }

  test('renamed while followed: the old file is read to its end, also what is written to it late', async () => {
    const { host, path } = current()
    const log = path('app.log')
    writeFileSync(log, numbered(0, 10))
    await using reader = readLog(host, log, { start: 'oldest' })
    await reader.has(10)
    renameSync(log, path('app.log.1'))
    appendFileSync(path('app.log.1'), numbered(10, 12))
    writeFileSync(log, numbered(14, 20))
    // Its writer has not been told yet.
    appendFileSync(path('app.log.1'), numbered(12, 13))
    await reader.has(13)
    appendFileSync(path('app.log.1'), 'line 13')
    await reader.has(20)
    expect(reader.texts()).toStrictEqual(texts(0, 20))
    expect(reader.words()).toStrictEqual([])
    expect(new Set(reader.lines().map(({ generation }) => generation)).size).toBe(2)
  })

  test('renamed several times while nobody followed: every generation is read, in order', async () => {
    const { host, path } = current()
    const log = path('app.log')
    writeFileSync(log, numbered(0, 5))
    const from = await cursorAfter(log, 5)
    appendFileSync(log, numbered(5, 8))
    renameSync(log, path('app.log.1'))
    writeFileSync(log, numbered(8, 11))
    renameSync(path('app.log.1'), path('app.log.2'))
    renameSync(log, path('app.log.1'))
    writeFileSync(log, numbered(11, 15))
    await using reader = readLog(host, log, { from })
    await reader.has(10)
    appendFileSync(log, numbered(15, 16))
    await reader.has(11)
    expect(reader.texts()).toStrictEqual(texts(5, 16))
    expect(reader.words()).toStrictEqual([])
  })

  test('the old file is found by its inode, whatever it is called now', async () => {
    const { host, path } = current()
    const log = path('app.log')
    writeFileSync(log, numbered(0, 5))
    const from = await cursorAfter(log, 5)
    appendFileSync(log, numbered(5, 8))
    renameSync(log, path('kept for the auditors'))
    writeFileSync(log, numbered(8, 10))
    await using reader = readLog(host, log, { from })
    await reader.has(5)
    expect(reader.texts()).toStrictEqual(texts(5, 10))
    expect(reader.words()).toStrictEqual([])
  })

  test('copied and truncated while followed', async () => {
    const { host, path } = current()
    const log = path('app.log')
    writeFileSync(log, numbered(0, 10))
    await using reader = readLog(host, log, { start: 'oldest' })
    await reader.has(10)
    appendFileSync(log, numbered(10, 12))
    copyFileSync(log, path('app.log.1'))
    truncateSync(log, 0)
    appendFileSync(log, numbered(12, 14))
    await reader.has(14)
    expect(reader.texts()).toStrictEqual(texts(0, 14))
    expect(reader.words()).toStrictEqual([])
  })

  test('copied and truncated while nobody followed, and grown beyond the old size', async () => {
    const { host, path } = current()
    const log = path('app.log')
    writeFileSync(log, numbered(0, 5))
    const from = await cursorAfter(log, 5)
    appendFileSync(log, numbered(5, 8))
    copyFileSync(log, path('app.log.1'))
    truncateSync(log, 0)
    appendFileSync(log, numbered(8, 40))
    await using reader = readLog(host, log, { from })
    await reader.has(35)
    expect(reader.texts()).toStrictEqual(texts(5, 40))
    expect(reader.words()).toStrictEqual([])
    const [old, young] = [reader.lines()[0], reader.lines()[3]]
    expect(old?.generation).toBe(from.generation)
    expect(young).toMatchObject({ offset: 0 })
    expect(young?.generation).not.toBe(from.generation)
  })

  test('truncated without a copy: a gap, then the new lines', async () => {
    const { host, path } = current()
    const log = path('app.log')
    writeFileSync(log, numbered(0, 10))
    await using reader = readLog(host, log, { start: 'oldest' })
    await reader.has(10)
    const before = reader.cursor()
    truncateSync(log, 0)
    appendFileSync(log, 'new\n')
    await reader.has(11)
    expect(reader.texts().at(-1)).toBe('new')
    expect(reader.words()).toStrictEqual(['gap:truncated'])
    expect(reader.reports.find(({ kind }) => kind === 'gap')).toMatchObject({
      generation: before?.generation,
      fromOffset: before?.offset,
      toOffset: undefined,
      reason: 'truncated',
    })
  })

  test('truncated and written beyond the old place between two looks is noticed', async () => {
    const { host, path } = current()
    const log = path('app.log')
    writeFileSync(log, 'tiny\n')
    await using reader = readLog(host, log, { start: 'oldest' })
    await reader.has(1)
    writeFileSync(log, numbered(0, 50))
    await reader.has(51)
    expect(reader.texts()).toStrictEqual(['tiny', ...texts(0, 50)])
    expect(reader.words()).toHaveLength(1)
  })

  test('written anew again and again, at once after each line is told, is noticed every time', async () => {
    const { host, path } = current()
    const log = path('app.log')
    const text = (round: number) => [`${round} begins`, ...texts(0, 1 + round * 7)]
    writeFileSync(log, `${text(0).join('\n')}\n`)
    await using reader = readLog(host, log, { start: 'oldest' })
    const told = text(0)
    for (let round = 1; round <= 12; round += 1) {
      await reader.has(told.length)
      writeFileSync(log, `${text(round).join('\n')}\n`)
      told.push(...text(round))
    }
    await reader.has(told.length)
    expect(reader.texts()).toStrictEqual(told)
    expect(reader.words()).toHaveLength(12)
  })

  test('replaced by another file under the same name', async () => {
    const { host, path } = current()
    const log = path('app.log')
    writeFileSync(log, numbered(0, 5))
    const from = await cursorAfter(log, 5)
    writeFileSync(path('other'), numbered(20, 25))
    renameSync(path('other'), log)
    await using reader = readLog(host, log, { from })
    await reader.has(5)
    expect(reader.texts()).toStrictEqual(texts(20, 25))
    expect(reader.words()).toStrictEqual(['gap:replaced'])
  })

  test('replaced while followed: the open file is read to its end first', async () => {
    const { host, path } = current()
    const log = path('app.log')
    writeFileSync(log, numbered(0, 5))
    await using reader = readLog(host, log, { start: 'oldest' })
    await reader.has(5)
    writeFileSync(path('other'), numbered(6, 8))
    appendFileSync(log, numbered(5, 6))
    renameSync(path('other'), log)
    await reader.has(8)
    expect(reader.texts()).toStrictEqual(texts(0, 8))
    expect(reader.words()).toStrictEqual([])
  })

  test('rotated away and deleted while nobody followed: a gap, then every file that is left', async () => {
    const { host, path } = current()
    const log = path('app.log')
    writeFileSync(log, numbered(0, 5))
    const from = await cursorAfter(log, 5)
    appendFileSync(log, 'lost\n')
    // The new file first, so that it cannot get the inode of the old one.
    writeFileSync(path('app.log.1'), numbered(5, 7))
    writeFileSync(path('next'), numbered(7, 9))
    rmSync(log)
    renameSync(path('next'), log)
    await using reader = readLog(host, log, { from })
    await reader.has(4)
    expect(reader.texts()).toStrictEqual(texts(5, 9))
    expect(reader.words()).toStrictEqual(['gap:rotated-away'])
    expect(reader.reports[0]).toMatchObject({ kind: 'gap', generation: from.generation, fromOffset: from.offset })
  })

  test('a rotated file that ends without a newline ends with a line', async () => {
    const { host, path } = current()
    const log = path('app.log')
    writeFileSync(log, 'whole\nhalf')
    const from = await cursorAfter(log, 1)
    renameSync(log, path('app.log.1'))
    writeFileSync(log, 'new\n')
    await using reader = readLog(host, log, { from })
    await reader.has(2)
    expect(reader.texts()).toStrictEqual(['half', 'new'])
  })

  test('rotated again and again while a writer writes: every line once, in order', async () => {
    const { host, path } = current()
    const log = path('app.log')
    writeFileSync(log, '')
    await using reader = readLog(host, log)
    await reader.ready()
    let written = 0
    for (let rotation = 0; rotation < 4; rotation += 1) {
      for (let n = 0; n < 40; n += 1) {
        appendFileSync(log, numbered(written, written + 5))
        written += 5
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      for (let n = rotation; n >= 1; n -= 1) renameSync(path(`app.log.${n}`), path(`app.log.${n + 1}`))
      renameSync(log, path('app.log.1'))
    }
    writeFileSync(log, numbered(written, written + 1))
    await reader.has(written + 1)
    expect(reader.texts()).toStrictEqual(texts(0, written + 1))
    expect(reader.words().filter((word) => word.startsWith('gap'))).toStrictEqual([])
  })

  test('a rotation during an outage of the connection loses nothing', async () => {
    const { fragile, line, path } = current()
    const log = path('app.log')
    writeFileSync(log, numbered(0, 5))
    await using reader = readLog(fragile, log, { start: 'oldest' })
    await reader.has(5)
    await line.stop()
    appendFileSync(log, numbered(5, 7))
    renameSync(log, path('app.log.1'))
    writeFileSync(log, numbered(7, 9))
    await reader.says('blind:host-unreachable')
    await line.start()
    await reader.has(9)
    expect(reader.texts()).toStrictEqual(texts(0, 9))
  })
}
