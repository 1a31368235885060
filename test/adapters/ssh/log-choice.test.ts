import { describe, expect, test } from 'vitest'
import { choose } from '../../../src/adapters/ssh/log-choice.ts'
import { beforeEverything } from '../../../src/adapters/ssh/log-head.ts'
import type { LogFile, Survey } from '../../../src/adapters/ssh/log-survey.ts'
import type { LogCursor } from '../../../src/domain/ports/remote-host.ts'

const file = (inode: string, size: number, rest: Partial<LogFile> = {}): LogFile => ({
  device: '1',
  inode,
  size,
  path: `/log/${inode}`,
  changed: '100.000000000',
  headSha256: `head-${inode}`,
  rotated: true,
  ...rest,
})
const here = (inode: string, size: number, rest: Partial<LogFile> = {}): LogFile =>
  file(inode, size, { path: '/log/app.log', rotated: false, changed: '900.000000000', ...rest })
const survey = (current: LogFile | undefined, ...beside: LogFile[]): Survey => ({
  at: current === undefined ? { kind: 'missing', says: '' } : { kind: 'readable' },
  here: current,
  beside,
})
const cursor = (inode: string, offset: number, rest: Partial<LogCursor> = {}): LogCursor => ({
  generation: `g-${inode}`,
  device: '1',
  inode,
  offset,
  head: { lengthBytes: 10, sha256: `head-${inode}` },
  ...rest,
})
const progress = (at: LogCursor | undefined, rest: Partial<Parameters<typeof choose>[1]> = {}) =>
  ({ cursor: at, done: undefined, finished: [], start: 'end', ...rest }) as const

describe('without a cursor', () => {
  test('begins at the end', () =>
    expect(choose(survey(here('5', 9), file('4', 9)), progress(undefined))).toStrictEqual({ kind: 'read-from-end', file: here('5', 9) }))

  test('or with the oldest file that is left', () =>
    expect(choose(survey(here('5', 9), file('3', 9), file('4', 9)), progress(undefined, { start: 'oldest' }))).toMatchObject({
      kind: 'read',
      file: file('3', 9),
      offset: 0,
      mode: 'finished',
    }))

  test('waits where there is nothing', () => expect(choose(survey(undefined), progress(undefined))).toStrictEqual({ kind: 'wait' }))

  test('what appears where nothing was is read whole, and nothing beside it', () =>
    expect(choose(survey(here('5', 9), file('4', 9)), progress(beforeEverything))).toMatchObject({
      file: here('5', 9),
      offset: 0,
      mode: 'live',
    }))
})

describe('with a cursor', () => {
  test('goes on in the same file', () =>
    expect(choose(survey(here('5', 9)), progress(cursor('5', 4)))).toMatchObject({
      file: here('5', 9),
      offset: 4,
      known: cursor('5', 4),
      mode: 'live',
    }))

  test('a device number that changed with a boot is no other file', () =>
    expect(choose(survey(here('5', 9)), progress(cursor('5', 4, { device: '77' })))).toMatchObject({ kind: 'read', offset: 4 }))

  test('finds the file under its new name, and stays on it while it may still be written', () =>
    expect(choose(survey(here('6', 9), file('5', 9)), progress(cursor('5', 4)))).toMatchObject({
      file: file('5', 9),
      offset: 4,
      mode: 'live',
    }))

  test('is done with it at its end when a younger one was rotated too', () => {
    const found = survey(here('7', 9), file('5', 9), file('6', 9, { changed: '200.000000000' }))
    expect(choose(found, progress(cursor('5', 4)))).toMatchObject({ file: file('5', 9), mode: 'finished' })
  })

  test('the same inode with another head is another file', () =>
    expect(choose(survey(here('5', 9, { headSha256: 'other' })), progress(cursor('5', 4)))).toMatchObject({
      kind: 'gap',
      reason: 'replaced',
    }))

  test('a file shorter than what was read was truncated', () =>
    expect(choose(survey(here('5', 3)), progress(cursor('5', 4)))).toMatchObject({
      kind: 'gap',
      reason: 'truncated',
      next: { inode: '5', offset: 0 },
    }))

  test('a truncated file with a copy was rotated by copytruncate', () => {
    const copy = file('9', 9, { headSha256: 'head-5' })
    expect(choose(survey(here('5', 3), copy), progress(cursor('5', 4)))).toMatchObject({ file: copy, offset: 4, known: cursor('5', 4) })
  })

  test('a copy that nobody rotated is not taken for the log', () => {
    const copy = file('9', 9, { headSha256: 'head-5', rotated: false })
    expect(choose(survey(here('5', 3), copy), progress(cursor('5', 4)))).toMatchObject({ kind: 'gap', reason: 'truncated' })
  })

  test('a file that is gone leaves a gap, and every rotated file is read', () =>
    expect(choose(survey(here('7', 9), file('6', 9)), progress(cursor('5', 4)))).toMatchObject({
      kind: 'gap',
      reason: 'rotated-away',
      next: { inode: '6', offset: 0 },
    }))
})

describe('after the end of a file', () => {
  const done = { done: { changed: '100.000000000' }, finished: [{ device: '1', inode: '5' }] }

  test('the next one is the oldest of the younger ones', () => {
    const found = survey(
      here('8', 9),
      file('3', 9, { changed: '50.000000000' }),
      file('5', 9),
      file('6', 9, { changed: '200.000000000' }),
      file('7', 9, { changed: '300.000000000' }),
    )
    expect(choose(found, progress(cursor('5', 9), done))).toMatchObject({ kind: 'read', file: { inode: '6' }, offset: 0, known: undefined })
  })

  test('then the present one', () =>
    expect(choose(survey(here('8', 9), file('5', 9)), progress(cursor('5', 9), done))).toMatchObject({
      file: here('8', 9),
      offset: 0,
      mode: 'live',
    }))

  test('the end of a file is no gap, also when it is deleted, and its inode is used again', () => {
    expect(choose(survey(here('8', 9)), progress(cursor('5', 9), done))).toMatchObject({ kind: 'read', file: here('8', 9) })
    expect(choose(survey(here('5', 2)), progress(cursor('5', 9), done))).toMatchObject({ kind: 'read', file: here('5', 2), offset: 0 })
  })
})
