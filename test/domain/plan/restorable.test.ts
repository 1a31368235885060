import { describe, expect, test } from 'vitest'
import { changedByOthers, inWords, meantAfter } from '../../../src/domain/plan/restorable.ts'
import type { JsonObject } from '../../../src/domain/ports/json.ts'
import type { Restorable } from '../../../src/domain/processes/effects.ts'

const file = { kind: 'file', mode: '644', uid: 0, gid: 0, link: '', sha256: 'old', attributes: 'x' }
const missing = { kind: 'missing', mode: '', uid: -1, gid: -1, link: '', sha256: '', attributes: '' }
const files = (state: JsonObject): Restorable => ({ files: { '/a': state }, settings: {} })
const setting = (value: string): Restorable => ({ files: {}, settings: { maxmemory: value } })

describe('what the steps are meant to leave', () => {
  const change = { path: '/a', sha256Before: 'old', sha256After: 'new' }
  const recorded = { path: '/a', mode: '0600', uid: 7, gid: 8 }

  test('a new content keeps mode and owner', () => {
    expect(meantAfter(files(file), { files: [{ ...recorded, onlyIfMissing: true }] }, [change])).toEqual(files({ ...file, sha256: 'new' }))
  })

  test('a file that was missing gets the recorded ones', () => {
    expect(meantAfter(files(missing), { files: [{ ...recorded, onlyIfMissing: true }] }, [{ ...change, sha256Before: '' }])).toEqual(
      files({ ...missing, kind: 'file', mode: '600', uid: 7, gid: 8, sha256: 'new' }),
    )
  })

  test('a mode that is restored leaves the content', () => {
    expect(meantAfter(files(file), { files: [recorded] }, [])).toEqual(files({ ...file, mode: '600', uid: 7, gid: 8 }))
  })

  test('a setting gets its value, and nothing that was not kept is named', () => {
    expect(meantAfter(setting('1'), { settings: { maxmemory: '2', other: '3' } }, [])).toEqual(setting('2'))
    expect(meantAfter(setting('1'), {}, [])).toEqual(setting('1'))
  })
})

describe('what somebody else has changed', () => {
  const touched = {
    before: files(file),
    meant: files({ ...file, sha256: 'new' }),
    seen: files({ ...file, sha256: 'new', attributes: 'y' }),
  }

  test.each([
    { what: 'as it was before', now: file },
    { what: 'as it was seen', now: { ...file, sha256: 'new', attributes: 'y' } },
    { what: 'as it was meant, whatever its attributes', now: { ...file, sha256: 'new', attributes: 'z' } },
    { what: 'as it was, on a host that says nothing of attributes', now: { ...file, attributes: '' } },
  ])('nothing: $what', ({ now }) => expect(changedByOthers(touched, files(now))).toEqual([]))

  test.each([
    { what: 'content', now: { ...file, sha256: 'theirs' } },
    { what: 'mode', now: { ...file, sha256: 'new', mode: '600' } },
    { what: 'owner', now: { ...file, sha256: 'new', uid: 7 } },
    { what: 'a link in its place', now: { ...file, kind: 'link', link: '/b', sha256: '' } },
    { what: 'removed', now: missing },
    { what: 'attributes, of the content as it was', now: { ...file, attributes: 'z' } },
  ])('its $what', ({ now }) =>
    expect(changedByOthers(touched, files(now))).toEqual([
      { kind: 'file', path: '/a', before: file, left: { ...file, sha256: 'new', attributes: 'y' }, now },
    ]),
  )

  test('what was never seen is compared with the plan; what is not there at all is theirs', () => {
    const unseen = { ...touched, seen: null }
    expect(changedByOthers(unseen, files({ ...file, sha256: 'new' }))).toEqual([])
    expect(changedByOthers(unseen, { files: {}, settings: {} })).toMatchObject([{ left: { sha256: 'new' }, now: { kind: 'unseen' } }])
  })

  test('a setting with a third value', () => {
    const raised = { before: setting('1'), meant: setting('2'), seen: null }
    for (const value of ['1', '2']) expect(changedByOthers(raised, setting(value))).toEqual([])
    expect(changedByOthers(raised, setting('3'))).toEqual([{ kind: 'setting', name: 'maxmemory', before: '1', left: '2', now: '3' }])
  })
})

test('a state in a few words', () => {
  expect(inWords({ ...file, sha256: 'a'.repeat(64) })).toBe(`a file of mode 644, owner 0:0, sha256 ${'a'.repeat(12)}`)
  expect(inWords({ ...file, kind: 'directory', sha256: '' })).toBe('a directory of mode 644, owner 0:0')
  expect(inWords({ ...file, kind: 'link', link: '/b', sha256: '' })).toBe('a link to /b, owner 0:0')
  expect(inWords(missing)).toBe('missing')
})
