/**
 * The owner of a directory exchanges it for a link while we write into it: at the worst moment, which a program of the script's own gives away. What
 * the link leads to must stay as it was. The control does what the scripts did before, and shows that the moment is real.
 */
import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { keepContents, parseKeptContents, putContents } from '../../../src/domain/catalogue/common/contents.ts'
import { restoreSnapshot, takeSnapshot } from '../../../src/domain/catalogue/common/snapshot.ts'
import type { Program } from '../../../src/domain/catalogue/program.ts'
import { localRunner } from '../../support/local-runner.ts'

const runner = localRunner()
let scratch: string
let state: string
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'exchanged-'))
  state = join(scratch, 'state')
  for (const dir of ['app', 'other', 'bin']) mkdirSync(join(scratch, dir))
  writeFileSync(join(scratch, 'app', 'main.conf'), 'good\n')
  writeFileSync(join(scratch, 'other', 'main.conf'), 'not ours\n', { mode: 0o600 })
})
afterEach(() => rmSync(scratch, { recursive: true, force: true }))

const at = (...names: readonly string[]): string => join(scratch, ...names)

/** From now on, the first use of `program` is the moment at which `command` happens. */
function atTheFirst(program: string, command: string): NodeJS.ProcessEnv {
  const text = ['#!/bin/sh', `if [ ! -e "${at('done')}" ]; then : > "${at('done')}"; ${command}; fi`, `exec /usr/bin/${program} "$@"`, '']
  writeFileSync(at('bin', program), text.join('\n'))
  chmodSync(at('bin', program), 0o755)
  return { ...process.env, PATH: `${at('bin')}:/usr/bin:/bin` }
}
const exchangeDirectory = () => `mv "${at('app')}" "${at('was-app')}"; ln -s "${at('other')}" "${at('app')}"`

type Ended = Readonly<{ exitCode: number; stderr: string }>

const sh = (args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> =>
  new Promise((resolve) => {
    execFile('sh', [...args], { env, cwd: '/' }, (error, _stdout, stderr) =>
      resolve({ exitCode: typeof error?.code === 'number' ? error.code : 0, stderr }),
    )
  })

function run(program: Program, env: NodeJS.ProcessEnv): Promise<Ended> {
  if (program.kind !== 'script') throw new Error('only scripts are run with a world of their own')
  const text = readFileSync(new URL(`../../../src/domain/catalogue/${program.script}`, import.meta.url), 'utf8')
  return sh(['-c', text, program.script, ...program.args], env)
}

const victim = () => ({
  content: readFileSync(at('other', 'main.conf'), 'utf8'),
  mode: (statSync(at('other', 'main.conf')).mode & 0o777).toString(8),
  beside: readdirSync(at('other')),
})
const untouched = { content: 'not ours\n', mode: '600', beside: ['main.conf'] }

async function good(): Promise<string> {
  const path = at('app', 'main.conf')
  const sha256 = parseKeptContents(await runner.run(keepContents(state, [path])), [path])?.get(path)
  if (sha256 === undefined) throw new Error('nothing was kept')
  return sha256
}

async function put(): Promise<Program> {
  const [sha256, { uid, gid }] = [await good(), statSync(at('app', 'main.conf'))]
  writeFileSync(at('app', 'main.conf'), 'bad\n')
  return putContents(state, [{ path: at('app', 'main.conf'), sha256, mode: '0644', uid, gid }])
}

test('control: a file that is put where its name leads by now is put where a stranger wanted it', async () => {
  const kept = `${state}/contents/${await good()}`
  writeFileSync(at('app', 'main.conf'), 'bad\n')
  const asBefore = `path=$(readlink -m -- "$2")
    cmp -s -- "$1" "$path" && exit 0
    new=$(mktemp -- "$(dirname -- "$path")/.steward.XXXXXXXX") && cp -a -T -- "$path" "$new" && cat -- "$1" > "$new" && mv -f -T -- "$new" "$path"`
  await sh(['-c', asBefore, 'sh', kept, at('app', 'main.conf')], atTheFirst('cmp', exchangeDirectory()))
  expect(victim()).toMatchObject({ content: 'good\n' })
})

test.each(['cmp', 'cp', 'mktemp', 'mv'])(
  'kept contents go into the directory that was entered, when it is exchanged at the first %s',
  async (moment) => {
    const program = await put()
    await run(program, atTheFirst(moment, exchangeDirectory()))
    expect(victim()).toEqual(untouched)
  },
)

test('kept contents are not put through a directory that leads elsewhere already', async () => {
  const program = await put()
  await sh(['-c', exchangeDirectory()], process.env)
  expect(await run(program, process.env)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('leads elsewhere') })
  expect(victim()).toEqual(untouched)
})

test.each(['cmp', 'cp', 'mktemp'])('kept contents are not written through a file that becomes a link at the first %s', async (moment) => {
  const program = await put()
  const swap = `rm -f "${at('app', 'main.conf')}"; ln -s "${at('other', 'main.conf')}" "${at('app', 'main.conf')}"`
  await run(program, atTheFirst(moment, swap))
  expect(victim()).toEqual(untouched)
})

test('kept contents are not written through a link in the place of the new file', async () => {
  const program = await put()
  const swap = `for new in "${at('app')}"/.steward.*; do rm -f "$new"; ln -s "${at('other', 'main.conf')}" "$new"; done`
  // The second copy goes from where only we can write to where everybody sees it.
  const env = atTheFirst('sync', swap)
  await run(program, env)
  expect(victim()).toEqual(untouched)
})

const nginx = () => {
  // Accepts whatever it is asked to test.
  writeFileSync(at('bin', 'nginx'), '#!/bin/sh\nexit 0\n', { mode: 0o755 })
  return at('bin', 'nginx')
}
const setDirective = (): Program => ({
  kind: 'script',
  script: 'nginx/set-directive.sh',
  args: ['write', nginx(), at('app', 'main.conf'), 'worker_rlimit_nofile', '4096'],
})

test('control: a directive that is set where the name leads by now changes the file of a stranger', async () => {
  const asBefore = `config=$(readlink -e -- "$1")
    edited() { grep -Eq "^x" "$config"; printf 'new;\\n' && cat -- "$config"; }
    new=$(mktemp -- "$(dirname -- "$config")/.steward.XXXXXXXX") && cp -a -T -- "$config" "$new" && edited > "$new" && mv -f -T -- "$new" "$config"`
  await sh(['-c', asBefore, 'sh', at('app', 'main.conf')], atTheFirst('mktemp', exchangeDirectory()))
  expect(victim().content).toContain('new;')
})

test.each(['grep', 'cp', 'mktemp', 'mv', 'chmod'])(
  'a directive is set in the directory that was entered, when it is exchanged at the first %s',
  async (moment) => {
    await run(setDirective(), atTheFirst(moment, exchangeDirectory()))
    expect(victim()).toEqual(untouched)
  },
)

test('a directive is not set through a directory that leads elsewhere already', async () => {
  await sh(['-c', exchangeDirectory()], process.env)
  expect(await run(setDirective(), process.env)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('leads elsewhere') })
  expect(victim()).toEqual(untouched)
})

test('a directive is not set through a file that becomes a link', async () => {
  const swap = `rm -f "${at('app', 'main.conf')}"; ln -s "${at('other', 'main.conf')}" "${at('app', 'main.conf')}"`
  const ended = await run(setDirective(), atTheFirst('dirname', swap))
  expect(ended).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('leads elsewhere') })
  expect(victim()).toEqual(untouched)
})

test('left alone, the same programs do their work (control)', async () => {
  const program = await put()
  expect(await run(program, process.env)).toMatchObject({ exitCode: 0 })
  expect(readFileSync(at('app', 'main.conf'), 'utf8')).toBe('good\n')
  expect(await run(setDirective(), process.env)).toMatchObject({ exitCode: 0 })
  expect(readFileSync(at('app', 'main.conf'), 'utf8')).toBe('worker_rlimit_nofile 4096;\ngood\n')
  expect(readdirSync(at('app'))).toEqual(['main.conf'])
  expect(readdirSync(state)).toEqual(['contents'])
})

test('a snapshot is not restored through a file that becomes a link while it is written in place', async () => {
  const path = at('app', 'main.conf')
  await runner.run({ kind: 'exec', argv: ['ln', path, at('app', 'second name')] })
  await runner.run(takeSnapshot(state, 'e1', [path]))
  writeFileSync(path, 'bad\n')
  // After it was looked at, and before it is written.
  const swap = `rm -f "${path}"; ln -s "${at('other', 'main.conf')}" "${path}"`
  const env = atTheFirst('readlink', swap)
  await run(restoreSnapshot(state, 'e1'), env)
  expect(victim()).toEqual(untouched)
})
