import { expect, test } from 'vitest'
import { compareChanged, parseSurvey } from '../../../src/adapters/ssh/log-survey.ts'

const line = (where: string, inode: number, changed: string, name: string): string => `${where} 2 ${inode} 10 ${changed} - ${name}`

test('only names that a rotation gives count as rotated', () => {
  const names = ['error.log.1', 'error.log-20261121', 'error-20261121.log', 'error.log.2026-11-21T10:00', 'error.log.old']
  const others = ['error-tls.log', 'error.log.save', 'error.log.1.bak', 'errors.log.1', 'anything']
  const text = ['at readable ', ...[...names, ...others].map((name, n) => line('beside', n, `${100 + n}.000000000`, name))].join('\n')
  const { beside } = parseSurvey('/var/log/error.log', text)
  expect(beside.filter(({ rotated }) => rotated).map(({ path }) => path)).toStrictEqual(names.map((name) => `/var/log/${name}`))
})

test('the oldest comes first, to the nanosecond; the file at the path is not beside itself', () => {
  const text = [
    'at readable ',
    line('here', 1, '1700000009.000000000', '/log/app.log'),
    line('beside', 3, '1700000001.000000002', 'app.log.1'),
    line('beside', 2, '1700000001.000000001', 'app.log.2'),
    line('beside', 1, '1700000009.000000000', 'app.log.0'),
  ].join('\n')
  expect(parseSurvey('/log/app.log', text).beside.map(({ inode }) => inode)).toStrictEqual(['2', '3'])
})

test('times of different length compare as numbers', () => {
  expect(compareChanged('999.000000000', '1000.000000000')).toBe(-1)
  expect(compareChanged('1000.000000001', '1000.000000000')).toBe(1)
  expect(compareChanged('5.000000000', '5.000000000')).toBe(0)
})

test('what cannot be read is told in the words of the system', () => {
  expect(parseSurvey('/log/a', 'at unreadable Permission denied\n').at).toStrictEqual({ kind: 'unreadable', says: 'Permission denied' })
  expect(parseSurvey('/log/a', 'at nonsense\nhere x\n')).toMatchObject({ at: { kind: 'missing' }, here: undefined, beside: [] })
})
