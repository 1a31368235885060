/** What is recorded while all is well must fit into the log, however large the tree that is served. */
import { expect, test } from 'vitest'
import { BASELINE_LIMIT_BYTES, baselineEntries } from '../../../src/domain/catalogue/baseline.ts'
import type { FileState } from '../../../src/domain/catalogue/common/file-state.ts'

const file = (path: string): FileState => ({
  path,
  kind: 'file',
  mode: '644',
  uid: 0,
  gid: 0,
  sizeBytes: 1,
  modifiedAt: 0,
  changedAt: 0,
  link: '',
  sha256: '',
  attributes: '',
})

test('a baseline is cut where it would grow too heavy, and begins with the configuration', () => {
  const deep = `/srv/www/${'ünï/'.repeat(40)}`
  const files = [file('/etc/nginx/nginx.conf'), ...Array.from({ length: 2_000 }, (_, index) => file(`${deep}${index}`))]
  const entries = baselineEntries({ files, cut: [] }, new Map())
  const weight = Buffer.byteLength(JSON.stringify(entries))
  expect(entries.map(({ path }) => path)).toEqual(files.slice(0, entries.length).map(({ path }) => path))
  expect(weight).toBeLessThanOrEqual(BASELINE_LIMIT_BYTES + 1)
  expect(weight).toBeGreaterThan(BASELINE_LIMIT_BYTES - 1_000)
})

test('a baseline that fits is whole', () => {
  const files = [file('/etc/nginx/nginx.conf'), file('/srv/www')]
  expect(baselineEntries({ files, cut: [] }, new Map())).toHaveLength(2)
})
