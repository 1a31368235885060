/**
 * An approval names an action and its version, so a version must stand for what it runs. Every program of every action - scripts, statements, commands -
 * is pinned here by the hash of its text: whoever changes one raises the version of the actions that run it, or this fails and says so.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { createHasher } from '../../../src/adapters/hash/sha256.ts'
import { catalogue, findAction } from '../../../src/domain/catalogue/catalogue.ts'
import { restoreSnapshot, takeSnapshot } from '../../../src/domain/catalogue/common/snapshot.ts'
import type { Output, Program } from '../../../src/domain/catalogue/program.ts'
import type { Json } from '../../../src/domain/ports/json.ts'

const scripts = fileURLToPath(new URL('../../../src/domain/catalogue/', import.meta.url))
const pinsFile = new URL('./pinned-programs.json', import.meta.url)
const hash = createHasher()

const pinsSchema = z.record(z.string(), z.strictObject({ version: z.int(), programs: z.record(z.string(), z.string()) }))
type Pins = z.infer<typeof pinsSchema>

const kept = { path: '/srv/app.conf', sha256: 'a'.repeat(64), mode: '0644', uid: 0, gid: 0 }
const sessions = { users: ['app'], states: ['idle'], minIdleMs: 1_000, max: 5 }
const text = (...lines: readonly string[]): Output => ({ kind: 'text', exitCode: 0, stdout: `${lines.join('\n')}\n`, stderr: '' })
const row = (facts: Readonly<Record<string, Json>>): Output => ({ kind: 'rows', rows: [facts] })
const chosen = [{ pid: 7, startedAt: '2026-11-21T10:00:00.000000', how: 'terminate' }]
const observedAt = '2026-11-21T10:00:00.000000Z'
const shutOut = ['now=1000', 'account uid=33 gid=33 groups=', 'access=no', 'place=inside']

const look: Output = {
  kind: 'value',
  value: {
    ...{
      lifecycle: 'error',
      intent: 'disabled',
      supervisor: 'gave-up',
      because: 'out-of-memory',
      wasRunning: true,
      crashes: 0,
      failedStarts: 3,
    },
    ...{ lists: 'not-running', configuration: 'b'.repeat(64), configurationAgeSeconds: 600, lastGood: 'a'.repeat(64) },
    ...{ memoryLimitBytes: 67_108_864, present: 'fails', presentBecause: 'out-of-memory', lastGoodWorks: 'works' },
  },
}
const server = { params: { serverId: 's-1' }, precondition: look }

/** One binding of each action, and a precondition in which its fault is there: enough for every program that it can ever run. */
const samples: Readonly<Record<string, Readonly<{ params: Json; precondition: Output }>>> = {
  'nginx.restore-config': {
    params: { configPath: '/srv/app.conf', stateDir: '/s', files: [kept] },
    precondition: text('test=failed master=alive now=1000', 'file=0 kept=yes same=no modified=0'),
  },
  'nginx.restore-permission': {
    params: { way: [kept].map(({ path, mode, uid, gid }) => ({ path, mode, uid, gid })) },
    precondition: text(...shutOut, 'entry=0 kind=f mode=600 uid=0 gid=0 changed=0 acl=no'),
  },
  'nginx.raise-descriptor-limit': { params: { configPath: '/srv/app.conf' }, precondition: text('open=64 soft=64 hard=64') },
  'nginx.restart-backend': {
    params: { backend: { address: '127.0.0.1:8080', control: { kind: 'systemd', unit: 'app.service' } } },
    precondition: text('connect=refused process=stopped'),
  },
  'postgresql.terminate-sessions': {
    params: sessions,
    precondition: row({ maxConnections: 10, reserved: 3, used: 7, visible: true, observedAt, sessions: chosen }),
  },
  'postgresql.end-blocker': {
    params: { ...sessions, minWaitMs: 1_000 },
    precondition: row({ waiters: 1, longestWaitMs: 5_000, blockers: chosen, observedAt, visible: true }),
  },
  'postgresql.restore-config': {
    params: { stateDir: '/s', files: [kept] },
    precondition: row({ errors: 1, errorsInKeptFiles: 1, pendingRestart: 0, loadedSecondsAgo: 3_600 }),
  },
  'redis.raise-maxmemory': {
    params: { ceilingBytes: 1_048_576, baselineBytes: 0 },
    precondition: {
      kind: 'value',
      value: 'redis_version:7\r\nused_memory:1000\r\nmaxmemory:1000\r\nmaxmemory_policy:noeviction\r\nerrorstat_OOM:count=1\r\n',
    },
  },
  'server.restart': server,
  'server.disable': server,
  'server.restore-configuration': server,
  'server.raise-memory-limit': { params: { serverId: 's-1', ceilingBytes: 1_073_741_824 }, precondition: look },
  'redis.restore-directory-mode': {
    params: { directory: { path: '/srv/redis', mode: '0750', uid: 33, gid: 33 } },
    precondition: text(...shutOut, 'entry=0 kind=d mode=500 uid=33 gid=33 changed=0 acl=no'),
  },
}

/** Every program that an action may run, by a name, with its text. Values are left out: they are in the plan. */
function programsOf(id: string): Readonly<Record<string, string>> {
  const sample = samples[id]
  const action = findAction(id)?.bind(sample?.params)
  const prepared = sample && action?.given(sample.precondition)
  if (!action || !prepared) throw new Error(`${id} has no sample in this test, or one that its precondition does not read: add one`)
  const snapshot = prepared.snapshot.flatMap((item) => (item.kind === 'setting' ? [item.read, item.write('1')] : []))
  const reversible = action.reversibility === 'reversible' ? [takeSnapshot('/s', 'x', []), restoreSnapshot('/s', 'x')] : []
  const all: readonly Program[] = [
    action.precondition.run,
    action.postcondition.run,
    ...(prepared.dryRun ? [prepared.dryRun] : []),
    ...prepared.rights.map(({ run }) => run),
    ...prepared.previews.flatMap(({ content, sha256 }) => [content, sha256]),
    ...prepared.settingPreviews.flatMap(({ now, next }) => [now.print, next.print]),
    ...prepared.steps.map(({ run }) => run),
    ...action.afterRestore.map(({ run }) => run),
    ...snapshot,
    ...reversible,
  ]
  return Object.fromEntries(all.map(named).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function named(program: Program): readonly [string, string] {
  switch (program.kind) {
    case 'script':
      return [program.script, hash.sha256(readFileSync(`${scripts}${program.script}`, 'utf8'))]
    case 'sql':
      return [`sql ${hash.sha256(program.text).slice(0, 12)}`, hash.sha256(program.text)]
    case 'exec':
      return [`exec ${program.argv[0]}`, hash.sha256(program.argv[0])]
    case 'redis': {
      const words = program.command.filter((word) => /^[A-Z]/.test(word)).join(' ')
      return [`redis ${words}`, hash.sha256(words)]
    }
    case 'server':
      return [`server ${program.request.verb}`, hash.sha256(program.request.verb)]
  }
}

const now: Pins = Object.fromEntries(catalogue.map(({ id, version }) => [id, { version, programs: { ...programsOf(id) } }]))
const pinned = pinsSchema.parse(JSON.parse(readFileSync(pinsFile, 'utf8')))
const pins = process.env['PIN_PROGRAMS'] === '1' ? pinAnew() : pinned

/** Pins what is new or has a higher version; a change under the same version stays unpinned. */
function pinAnew(): Pins {
  const anew = Object.fromEntries(
    Object.entries(now).map(([id, is]) => [id, is.version > (pinned[id]?.version ?? 0) ? is : (pinned[id] ?? is)]),
  )
  writeFileSync(pinsFile, `${JSON.stringify(anew, null, 2)}\n`)
  return anew
}

/** What is to be done about an action; undefined: nothing. */
function advice(id: string, pin: Pins[string] | undefined, is: Pins[string]): string | undefined {
  if (!pin) return `${id} is new. Pin it: PIN_PROGRAMS=1 npx vitest run test/domain/catalogue/pinned-programs.test.ts`
  const names = [...new Set([...Object.keys(pin.programs), ...Object.keys(is.programs)])]
  const changed = names.filter((name) => pin.programs[name] !== is.programs[name])
  if (changed.length === 0 && pin.version === is.version) return undefined
  return is.version > pin.version
    ? `${id} has version ${is.version}. Pin it: PIN_PROGRAMS=1 npx vitest run test/domain/catalogue/pinned-programs.test.ts`
    : `${id} runs something else than before (${changed.join(', ')}), and its version is still ${is.version}: an approval of the old would run the new. Raise \`version\` in the definition of ${id}, then pin it: PIN_PROGRAMS=1 npx vitest run test/domain/catalogue/pinned-programs.test.ts`
}

test.each(catalogue.map(({ id }) => id))('%s runs what its version stands for', (id) => {
  const is = now[id]
  expect(is && advice(id, pins[id], is)).toBeUndefined()
})

test('a changed text is noticed, and told what to do about it (control)', () => {
  const is = now['nginx.restore-config']
  if (!is) throw new Error('no such action')
  const changed = { ...is, programs: { ...is.programs, 'common/put-contents.sh': 'another' } }
  expect(advice('nginx.restore-config', changed, is)).toMatch(/common\/put-contents\.sh.*Raise `version`/)
  expect(advice('nginx.restore-config', changed, { ...is, version: is.version + 1 })).toMatch(/has version 2\. Pin it/)
})

/** They look, or keep what they saw, and belong to no action. */
const belongToNoAction = [
  'common/keep-content.sh',
  'common/print-snapshot.sh',
  'common/read-file-states.sh',
  'common/resolve-paths.sh',
  'nginx/print-config.sh',
  'nginx/read-health.sh',
]

test('every script is pinned by the actions that run it, or belongs to none', () => {
  const all = readdirSync(scripts, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.sh'))
  const known = new Set([...Object.values(now).flatMap(({ programs }) => Object.keys(programs)), ...belongToNoAction])
  expect(all.filter((name) => !known.has(name))).toEqual([])
})
