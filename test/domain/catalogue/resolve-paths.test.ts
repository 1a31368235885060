/** Two paths to one file are one resource: by a linked directory, a linked file, a second name, a missing end. On the real shell. */
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Resource } from '../../../src/domain/catalogue/action.ts'
import { parseResolved, pathsIn, resolvePaths, withRealPaths } from '../../../src/domain/catalogue/common/resolve-paths.ts'
import { overlap } from '../../../src/domain/lanes/lanes.ts'
import { localRunner } from '../../support/local-runner.ts'

const runner = localRunner()
let scratch: string
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'real paths-'))
  mkdirSync(at('etc'))
  writeFileSync(at('etc', 'app.conf'), '')
  symlinkSync(at('etc'), at('linked'))
})
afterEach(() => rmSync(scratch, { recursive: true, force: true }))

const at = (...names: readonly string[]): string => join(scratch, ...names)

async function resolved(...resources: readonly Resource[]): Promise<readonly Resource[] | undefined> {
  const paths = pathsIn(resources)
  const places = parseResolved(await runner.run(resolvePaths(paths)), paths)
  return places && withRealPaths(resources, places)
}

async function shareALane(one: string, other: string): Promise<boolean> {
  const [a = [], b = []] = [await resolved(`file:${one}`), await resolved(`file:${other}`)]
  return overlap(a, b)
}

test('a directory that is a link leads to the same lane', async () => {
  expect(overlap([`file:${at('linked', 'app.conf')}`], [`file:${at('etc', 'app.conf')}`])).toBe(false)
  expect(await shareALane(at('linked', 'app.conf'), at('etc', 'app.conf'))).toBe(true)
})

test('a file that is a link leads to the lane of the file behind', async () => {
  symlinkSync('../etc/app.conf', at('etc', 'enabled'))
  expect(await shareALane(at('etc', 'enabled'), at('linked', 'app.conf'))).toBe(true)
})

test('a second name of the same file is the same lane, also from another directory', async () => {
  mkdirSync(at('other'))
  linkSync(at('etc', 'app.conf'), at('other', 'name'))
  expect(await shareALane(at('other', 'name'), at('linked', 'app.conf'))).toBe(true)
})

test('a file that is missing is where it would be', async () => {
  expect(await shareALane(at('linked', 'not yet'), at('etc', 'not yet'))).toBe(true)
})

test('other files have other lanes (control)', async () => {
  writeFileSync(at('etc', 'app.conf2'), '')
  expect(await shareALane(at('linked', 'app.conf'), at('linked', 'app.conf2'))).toBe(false)
})

test('what is no path stays as it is, and what becomes the same is named once', async () => {
  expect(await resolved('service:nginx', `file:${at('linked', 'app.conf')}`, 'unit:a', `file:${at('etc', 'app.conf')}`)).toEqual([
    'service:nginx',
    `file:${at('etc', 'app.conf')}`,
    'unit:a',
  ])
  expect(await resolved('service:nginx', `filesystem:${at('linked')}`)).toEqual(['service:nginx', `filesystem:${at('etc')}`])
})

test('no name can pass for another, and a list that was cut proves nothing', async () => {
  const paths = ['a b', 'new\nline', '*', '-m', '$(id)', 'x\n'].map((name) => at('linked', name))
  const output = await runner.run(resolvePaths(paths))
  expect(parseResolved(output, paths)?.map(([path]) => path)).toEqual(paths.map((path) => path.replace('/linked/', '/etc/')))
  if (output.kind !== 'text') throw new Error('not text')
  expect(parseResolved({ ...output, stdout: output.stdout.slice(0, 40) }, paths)).toBeUndefined()
  expect(parseResolved(output, paths.slice(1))).toBeUndefined()
  expect(parseResolved({ ...output, exitCode: 1 }, paths)).toBeUndefined()
})
