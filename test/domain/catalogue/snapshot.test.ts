/** The scripts that read, keep, snapshot and restore files: run through a real `sh`, on names chosen to break them. */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { restoreModes } from '../../../src/domain/catalogue/common/access.ts'
import { keepContents, parseKeptContents, putContents } from '../../../src/domain/catalogue/common/contents.ts'
import { differences } from '../../../src/domain/catalogue/common/file-state.ts'
import { parseFileStates, readFileStates } from '../../../src/domain/catalogue/common/read-file-states.ts'
import { restoreSnapshot, takeSnapshot } from '../../../src/domain/catalogue/common/snapshot.ts'
import { stateOf } from '../../support/local-baseline.ts'
import { localRunner } from '../../support/local-runner.ts'

const runner = localRunner()
const isRoot = process.getuid?.() === 0
let scratch: string
let state: string

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'snap shot-'))
  state = join(scratch, 'state')
  mkdirSync(join(scratch, 'etc'))
})
afterEach(() => {
  execFileSync('chmod', ['-R', 'u+rwX', scratch])
  rmSync(scratch, { recursive: true, force: true })
})

const at = (name: string): string => join(scratch, 'etc', name)
const file = (name: string, content: string, mode = 0o644): string => {
  writeFileSync(at(name), content)
  chmodSync(at(name), mode)
  return at(name)
}
const take = (id: string, ...paths: readonly string[]) => runner.run(takeSnapshot(state, id, paths))
const restore = (id: string) => runner.run(restoreSnapshot(state, id))

describe('a state vector', () => {
  test('no name can forge a record', async () => {
    const names = ['plain', 'with space', 'new\nline', 'quo"te', "apo'strophe", '-rf', '$(touch x)', '*', 'ünï', 'S\nH', 'back\\slash', ' ']
    const paths = names.map((name) => file(name, name))
    const states = await stateOf(runner, paths)
    expect(states.map(({ path, kind, mode }) => ({ path, kind, mode }))).toEqual(paths.map((path) => ({ path, kind: 'file', mode: '644' })))
    expect(new Set(states.map(({ sha256 }) => sha256)).size).toBe(names.length)
    expect(readdirSync(join(scratch, 'etc')).toSorted()).toEqual(names.toSorted())
  })

  test('tells missing from unseen', async () => {
    mkdirSync(at('closed'))
    const hidden = join(at('closed'), 'file')
    writeFileSync(hidden, '')
    chmodSync(at('closed'), 0o600)
    chmodSync(scratch, 0o755)
    const asNobody = localRunner(isRoot ? { uid: 65_534 } : {})
    const states = await stateOf(asNobody, [hidden, at('nothing'), join(at('nothing'), 'below')])
    expect(states.map(({ kind }) => kind)).toEqual(['unseen', 'missing', 'missing'])
  })

  test('a tree is bounded, and says when it was cut', async () => {
    for (let index = 0; index < 20; index += 1) file(`f${index}`, '')
    const read = async (limit: number) =>
      parseFileStates(await runner.run(readFileStates([{ path: join(scratch, 'etc'), scope: 'tree' }], limit)))
    expect(await read(21)).toMatchObject({ cut: [], files: { length: 21 } })
    expect(await read(5)).toMatchObject({ cut: [join(scratch, 'etc')], files: { length: 5 } })
  })

  test('output that was cut proves nothing', async () => {
    const output = await runner.run(readFileStates([{ path: file('a', ''), scope: 'one' }]))
    if (output.kind !== 'text') throw new Error('not text')
    expect(parseFileStates(output)).toBeDefined()
    expect(parseFileStates({ ...output, stdout: output.stdout.slice(0, -8) })).toBeUndefined()
    expect(parseFileStates({ ...output, exitCode: 1 })).toBeUndefined()
  })

  test('whatever is printed, reading it never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.base64String(),
          fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64')),
        ),
        (stdout) => {
          parseFileStates({ kind: 'text', exitCode: 0, stdout, stderr: '' })
        },
      ),
    )
  })
})

describe('a snapshot', () => {
  test('brings back bytes, mode, link and absence; and doing it twice ends the same', async () => {
    const paths = [file('a', 'one', 0o640), file('with space\n', 'two', 0o600), at('link'), at('absent'), join(scratch, 'etc')]
    symlinkSync(at('a'), at('link'))
    const before = await stateOf(runner, paths)
    expect(await take('e1', ...paths)).toMatchObject({ exitCode: 0 })
    file('a', 'changed', 0o666)
    unlinkSync(at('with space\n'))
    unlinkSync(at('link'))
    symlinkSync('/etc/passwd', at('link'))
    file('absent', 'new')
    chmodSync(join(scratch, 'etc'), 0o777)
    expect(differences(before, await stateOf(runner, paths)).map(({ field }) => field)).toEqual(
      expect.arrayContaining(['kind', 'mode', 'link', 'sha256']),
    )
    for (let times = 0; times < 2; times += 1) {
      expect(await restore('e1')).toMatchObject({ exitCode: 0, stderr: '' })
      expect(differences(before, await stateOf(runner, paths))).toEqual([])
    }
    expect(readdirSync(join(scratch, 'etc')).some((name) => name.startsWith('.steward'))).toBe(false)
  })

  test('lies in a directory that only its owner can enter', async () => {
    await take('e1', file('a', 'secret', 0o644))
    expect(statSync(join(state, 'snapshots')).mode & 0o777).toBe(0o700)
    expect(statSync(join(state, 'snapshots', 'e1')).mode & 0o777).toBe(0o700)
  })

  test('of a link also keeps the file behind it', async () => {
    const real = file('real', 'good')
    symlinkSync('real', at('link'))
    await take('e1', at('link'))
    writeFileSync(real, 'bad')
    expect(await restore('e1')).toMatchObject({ exitCode: 0 })
    expect(readFileSync(real, 'utf8')).toBe('good')
    expect(readFileSync(at('link'), 'utf8')).toBe('good')
  })

  test('a file with several names keeps its inode', async () => {
    const path = file('a', 'good')
    linkSync(path, at('other name'))
    await take('e1', path)
    const inode = statSync(path).ino
    writeFileSync(path, 'bad')
    await restore('e1')
    expect(statSync(path).ino).toBe(inode)
    expect(readFileSync(at('other name'), 'utf8')).toBe('good')
  })

  test('what cannot be seen is never taken for missing, because a restore removes what was missing', async () => {
    mkdirSync(at('closed'))
    const hidden = join(at('closed'), 'file')
    writeFileSync(hidden, '')
    for (const path of [scratch, join(scratch, 'etc')]) chmodSync(path, 0o777)
    chmodSync(at('closed'), 0o600)
    const asNobody = localRunner(isRoot ? { uid: 65_534 } : {})
    expect(await asNobody.run(takeSnapshot(join(scratch, 'etc', 'state'), 'e1', [hidden]))).toMatchObject({
      exitCode: 5,
      stderr: expect.stringContaining('cannot be seen'),
    })
  })

  test('taken twice, the first one stands', async () => {
    const path = file('a', 'first')
    await take('e1', path)
    writeFileSync(path, 'second')
    await take('e1', path)
    await restore('e1')
    expect(readFileSync(path, 'utf8')).toBe('first')
  })

  test('one that was torn off before it was complete is never restored', async () => {
    const path = file('a', 'first')
    await take('e1', path)
    unlinkSync(join(state, 'snapshots', 'e1', 'complete'))
    writeFileSync(path, 'second')
    expect(await restore('e1')).toMatchObject({ exitCode: 4 })
    expect(readFileSync(path, 'utf8')).toBe('second')
  })

  test.each(['', '..', '../x', '.', 'a/b'])('an execution named %j is refused', async (id) => {
    expect(await take(id, file('a', ''))).toMatchObject({ exitCode: 2 })
    expect(await restore(id)).toMatchObject({ exitCode: 2 })
  })

  test('brings a changed owner back', { tags: ['root'] }, async () => {
    const path = file('a', 'x', 0o600)
    chownSync(path, 65_534, 65_534)
    const before = await stateOf(runner, [path])
    await take('e1', path)
    chownSync(path, 0, 0)
    await restore('e1')
    expect(differences(before, await stateOf(runner, [path]))).toEqual([])
  })
})

describe('kept contents', () => {
  test('are named by their hash, and put back without touching mode or owner', async () => {
    const paths = [file('a', 'good', 0o640), at('missing'), join(scratch, 'etc')]
    const kept = parseKeptContents(await runner.run(keepContents(state, paths)), paths)
    expect([...(kept?.keys() ?? [])]).toEqual([paths[0]])
    const sha256 = kept?.get(at('a')) ?? ''
    expect(readFileSync(join(state, 'contents', sha256), 'utf8')).toBe('good')
    writeFileSync(at('a'), 'bad')
    chmodSync(at('a'), 0o604)
    const [entry] = await stateOf(runner, [at('a')])
    const put = putContents(state, [{ path: at('a'), sha256, mode: '0640', uid: entry?.uid ?? 0, gid: entry?.gid ?? 0 }])
    expect(await runner.run(put)).toMatchObject({ exitCode: 0 })
    expect(readFileSync(at('a'), 'utf8')).toBe('good')
    expect(statSync(at('a')).mode & 0o777).toBe(0o604)
  })

  test('a file that went missing comes back with its recorded mode', async () => {
    const path = file('a', 'good', 0o640)
    const sha256 = parseKeptContents(await runner.run(keepContents(state, [path])), [path])?.get(path) ?? ''
    const { uid, gid } = statSync(path)
    unlinkSync(path)
    await runner.run(putContents(state, [{ path, sha256, mode: '0640', uid, gid }]))
    expect(await stateOf(runner, [path])).toMatchObject([{ kind: 'file', mode: '640', sha256, uid, gid }])
  })

  test('what is missing in one place leaves every file alone', async () => {
    const [a, b] = [file('a', 'good'), file('b', 'good too')]
    const kept = parseKeptContents(await runner.run(keepContents(state, [a])), [a])
    const { uid, gid } = statSync(a)
    writeFileSync(a, 'bad')
    const output = await runner.run(
      putContents(state, [
        { path: a, sha256: kept?.get(a) ?? '', mode: '0644', uid, gid },
        { path: b, sha256: 'f'.repeat(64), mode: '0644', uid, gid },
      ]),
    )
    expect(output).toMatchObject({ exitCode: 4 })
    expect(readFileSync(a, 'utf8')).toBe('bad')
  })
})

describe('whoever owns a directory on the way cannot lead us elsewhere', () => {
  /** `etc/app/<name>` is ours; `etc/other/<name>` has the same name, and is nobody's business. Then `app` becomes a link to `other`. */
  const exchange = async (name: string, before: () => Promise<void>) => {
    mkdirSync(at('app'))
    mkdirSync(at('other'))
    file(`app/${name}`, 'ours', 0o640)
    const victim = file(`other/${name}`, 'not ours', 0o600)
    await before()
    renameSync(at('app'), at('was-app'))
    symlinkSync(at('other'), at('app'))
    return { untouched: { mode: '600', content: 'not ours' }, now: () => ({ mode: modeOf(victim), content: readFileSync(victim, 'utf8') }) }
  }
  const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8)

  test('when a mode is restored', async () => {
    const { untouched, now } = await exchange('page', async () => undefined)
    const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
    const [root, page] = [
      { path: join(scratch, 'etc'), mode: '755', ...own },
      { path: at('app/page'), mode: '644', ...own },
    ]
    expect(await runner.run(restoreModes(root, [page]))).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('leads elsewhere') })
    expect(now()).toEqual(untouched)
  })

  test('when a snapshot is restored', async () => {
    const { untouched, now } = await exchange('page', async () => void (await take('x', at('app/page'), at('app/new'))))
    file('other/new', 'theirs')
    expect(await restore('x')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('could not restore') })
    expect(now()).toEqual(untouched)
    expect(readFileSync(at('other/new'), 'utf8')).toBe('theirs')
  })

  test('when only a mode is in the snapshot, and its file became a link', async () => {
    mkdirSync(at('dir'), { mode: 0o711 })
    const victim = at('elsewhere')
    mkdirSync(victim, { mode: 0o700 })
    await take('x', at('dir'))
    rmSync(at('dir'), { recursive: true })
    symlinkSync(victim, at('dir'))
    expect(await restore('x')).toMatchObject({ exitCode: 1 })
    expect(modeOf(victim)).toBe('700')
  })
})
