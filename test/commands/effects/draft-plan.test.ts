/** What a plan says of the host as it is now, and when there is none to be made. */
import { expect, test } from 'vitest'
import { createHasher } from '../../../src/adapters/hash/sha256.ts'
import { createTextDiff } from '../../../src/adapters/text-diff/unified-diff.ts'
import { draftPlan } from '../../../src/commands/effects/draft-plan.ts'
import type { TargetInventory } from '../../../src/domain/catalogue/inventory.ts'
import type { Output, Program } from '../../../src/domain/catalogue/program.ts'
import { denyAll } from '../../../src/domain/policy.ts'
import { RemoteTimeout, ServiceRefused } from '../../../src/domain/ports/remote-host.ts'
import type { ConfirmedRemedy } from '../../../src/domain/processes/effects.ts'
import { localReached } from '../../support/local-reached.ts'

const hash = createHasher()
const path = '/etc/postgresql/15/main/postgresql.conf'
const [bad, good] = ['shared_buffers = 12q\n', 'shared_buffers = 128MB\n']
const hostNow = 1_800_000_000
const text = (stdout: string, exitCode = 0): Output => ({ kind: 'text', exitCode, stdout, stderr: '' })
const fields = (...all: readonly string[]): Output => text(btoa(all.map((field) => `${field}\0`).join('')))
const modified = (secondsAgo: number) => String(hostNow - secondsAgo)
const stateOf = (secondsAgo: number) => [
  ...['S', 'f', '644', '0', '0', String(bad.length), modified(secondsAgo), modified(secondsAgo), '', path],
  ...['H', `${hash.sha256(bad)}  ${path}`],
]

/** What the host answers to a script, by its name; the rest is as it is while a file with an error was edited a day ago. */
type Answers = Readonly<Record<string, Output | (() => Output)>>
const usual: Answers = {
  'common/read-file-states.sh': fields(...stateOf(86_400)),
  'common/resolve-paths.sh': fields(path, '-'),
  'common/print-content.sh print': text(good),
  'common/print-content.sh hash': text(`${hash.sha256(good)}\n`),
  'common/check-contents.sh': text(''),
  'common/check-files.sh': text(''),
  date: text(`${hostNow}\n`),
  cat: text(bad),
  pg_file_settings: { kind: 'rows', rows: [{ errors: 1, errorsInKeptFiles: 1, pendingRestart: 0, loadedSecondsAgo: 86_400 }] },
  has_function_privilege: { kind: 'rows', rows: [{ may: true }] },
}

function answerTo(program: Program, answers: Answers): Output {
  const question =
    program.kind === 'script'
      ? `${program.script} ${program.args[0]}`
      : program.kind === 'exec'
        ? program.argv[0]
        : program.kind === 'sql'
          ? program.text
          : program.kind === 'redis'
            ? program.command.join(' ')
            : program.request.verb
  const [, answer] = Object.entries(answers).find(([name]) => question.includes(name)) ?? []
  if (answer === undefined) throw new Error(`not expected: ${question}`)
  return typeof answer === 'function' ? answer() : answer
}

const remedy: ConfirmedRemedy = {
  action: {
    id: 'postgresql.restore-config',
    version: 1,
    params: { stateDir: '/s', files: [{ path, sha256: hash.sha256(good), mode: '644', uid: 0, gid: 0 }] },
  },
  chosenBy: 'catalogue',
  confidence: 1,
  diagnosis: 'The configuration has an error.',
  title: 'Put it back',
}

const inventory: TargetInventory = {
  ...{ targetId: 't', name: 't', hostId: 'h', service: 'postgresql', logPaths: [], configPaths: [], stateDir: '/s' },
}

function draft(answers: Answers = {}, of: ConfirmedRemedy = remedy) {
  const reached = localReached({ run: async (program) => answerTo(program, { ...answers, ...without(usual, answers) }) }, inventory)
  const tools = { hash, diff: createTextDiff(), policy: { ...denyAll, version: 'v1' } }
  return draftPlan('i', of, reached, tools, new AbortController().signal)
}
const without = (all: Answers, other: Answers): Answers => Object.fromEntries(Object.entries(all).filter(([name]) => !(name in other)))

async function planned(answers: Answers = {}) {
  const drafted = await draft(answers)
  if (drafted.kind !== 'drafted') throw new Error(JSON.stringify(drafted))
  return drafted.plan
}

test('a file that was edited a moment ago is for a person, also when nobody has loaded it yet', async () => {
  expect((await planned({ 'common/read-file-states.sh': fields(...stateOf(20)) })).risk).toBe('high')
  expect((await planned({ 'common/read-file-states.sh': fields(...stateOf(301)) })).risk).toBe('medium')
})

test('a host that does not say what time it is cannot say that a file has come to rest', async () => {
  expect((await planned({ date: text(`${hostNow}\n`, 127) })).risk).toBe('high')
})

test('a file that is gone is for a person: nothing tells since when', async () => {
  const plan = await planned({ 'common/read-file-states.sh': fields('M', path) })
  expect(plan).toMatchObject({ risk: 'high', files: [{ path, sha256Before: '', sha256After: hash.sha256(good) }] })
  expect(plan.diffs[0]?.diff.text).toContain('+shared_buffers = 128MB')
})

test('what a file will hold is hashed on the host, over all of it, not over the text that came back', async () => {
  const whole = 'c'.repeat(64)
  const cut: Output = { kind: 'text', exitCode: 0, stdout: good, stderr: '', cut: true }
  const plan = await planned({ 'common/print-content.sh hash': text(`${whole}\n`), 'common/print-content.sh print': cut })
  expect(plan.files).toEqual([{ path, sha256Before: hash.sha256(bad), sha256After: whole }])
  expect(plan.diffs[0]?.diff.text).toContain('too large')
})

test('a plan names its files by where they really lie', async () => {
  const plan = await planned({ 'common/resolve-paths.sh': fields('/srv/pg.conf', '64769:12') })
  expect(plan.resources).toEqual(['service:postgresql', 'file:/srv/pg.conf', 'file:inode:64769:12'])
  expect((await planned()).planHash).not.toBe(plan.planHash)
  expect((await planned()).planHash).toBe((await planned()).planHash)
})

test('what is written goes where the file lay when the plan was made', async () => {
  const drafted = await draft({ 'common/resolve-paths.sh': fields('/srv/pg.conf', '-') })
  const [step] = drafted.kind === 'drafted' ? drafted.prepared.steps : []
  expect(step?.run).toMatchObject({ script: 'common/put-contents.sh', args: expect.arrayContaining(['/srv/pg.conf']) })
  expect(JSON.stringify(step?.run)).not.toContain(path)
})

test('no plan is offered that a missing right would stop: it is named, and how to give it', async () => {
  const denied = await draft({ has_function_privilege: { kind: 'rows', rows: [{ may: false }] } })
  expect(denied).toMatchObject({
    kind: 'not-permitted',
    rule: 'missing-right',
    says: expect.stringMatching(/may not run pg_reload_conf.*grant execute on function pg_reload_conf\(\) to /),
  })
  const closed = await draft({ 'common/check-files.sh': { kind: 'text', exitCode: 1, stdout: '', stderr: `cannot write ${path}` } })
  expect(closed).toMatchObject({ kind: 'not-permitted', rule: 'missing-right', says: expect.stringContaining(`cannot write ${path}`) })
})

test('a right that cannot be asked for stops nothing', async () => {
  const fails = (error: Error) => () => {
    throw error
  }
  expect(await draft({ has_function_privilege: fails(new RemoteTimeout({ timeoutMs: 1 })) })).toMatchObject({ kind: 'drafted' })
  expect(await draft({ has_function_privilege: fails(new ServiceRefused({ code: '42883', says: 'no such function' })) })).toMatchObject({
    kind: 'drafted',
  })
  expect(await draft({ 'common/check-files.sh': text('', 3) })).toMatchObject({ kind: 'drafted' })
})

test('a dry run that refuses ends it, in the words of the host', async () => {
  const harmed: Output = { kind: 'text', exitCode: 4, stdout: '', stderr: 'the kept content is missing or harmed' }
  expect(await draft({ 'common/check-contents.sh': harmed })).toEqual({
    kind: 'not-permitted',
    rule: 'dry-run-failed',
    says: 'the dry run refused it: the kept content is missing or harmed',
  })
})

test('a fault that is gone, or cannot be seen, gives no plan', async () => {
  const rows = (errorsInKeptFiles: number): Output => ({
    kind: 'rows',
    rows: [{ errors: errorsInKeptFiles, errorsInKeptFiles, pendingRestart: 0, loadedSecondsAgo: 1 }],
  })
  expect(await draft({ pg_file_settings: rows(0) })).toMatchObject({ kind: 'not-confirmed', evidence: [{ verdict: 'does-not-hold' }] })
  expect(await draft({ pg_file_settings: { kind: 'rows', rows: [] } })).toMatchObject({ kind: 'unknown' })
  const refused = new ServiceRefused({ code: '42501', says: 'permission denied for view pg_file_settings' })
  const refuses = () => {
    throw refused
  }
  expect(await draft({ pg_file_settings: refuses })).toEqual({ kind: 'unknown', reason: refused.message })
})

test.each([
  { what: 'a file that may not be read', answers: { 'common/read-file-states.sh': fields('U', path) } },
  { what: 'a content that is harmed', answers: { 'common/print-content.sh hash': text('', 4) } },
  { what: 'a hash that is none', answers: { 'common/print-content.sh hash': text('no such file\n') } },
  { what: 'a path that leads nowhere', answers: { 'common/resolve-paths.sh': text('') } },
])('without $what being known, nothing is planned', async ({ answers }) => expect(await draft(answers)).toMatchObject({ kind: 'unknown' }))

test('an action that has another version by now, or is gone, is not planned', async () => {
  const at = (action: Partial<ConfirmedRemedy['action']>) => draft({}, { ...remedy, action: { ...remedy.action, ...action } })
  expect(await at({ version: 7 })).toMatchObject({ kind: 'not-permitted', rule: 'action-changed' })
  expect(await at({ id: 'postgresql.no-such-action' })).toMatchObject({ kind: 'not-permitted', rule: 'action-changed' })
})
