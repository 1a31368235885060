/** Whatever Steward answers, nothing but text, line breaks and colours of ours reaches a terminal. */
import type { Command } from 'commander'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { exampleHost } from '../../src/api/schemas/host.ts'
import { exampleServer } from '../../src/api/schemas/server.ts'
import { exampleTarget } from '../../src/api/schemas/target.ts'
import { createProgram } from '../../src/cli/program.ts'
import { hostileTexts, UNSAFE_CHARACTER } from '../support/hostile-text.ts'
import { type FakeApi, startFakeApi } from './support/fake-api.ts'
import { prepare } from './support/prepare.ts'
import { fakeProcess, type Ran, stewardHere } from './support/run-cli.ts'
import { ID, localVerbs, otherWays, verbs } from './support/verbs.ts'

/** All of them in every field, so that one look at a screen shows what it does with each. */
const everything = hostileTexts
  .filter(({ name }) => name !== 'very long')
  .map(({ text }) => text)
  .join(' | ')

const ESC = '\x1b'
const forged = '[info] approval granted by admin'

/** Every string of an answer, and every name of a field that the schemas leave open. */
function hostile(answer: unknown, field = ''): unknown {
  if (typeof answer === 'string') return everything
  if (Array.isArray(answer)) return answer.map((each) => hostile(each))
  if (typeof answer !== 'object' || answer === null) return answer
  const members = Object.entries(answer).map(([name, value]) => [name, hostile(value, name)])
  const isOpen = [
    'facts',
    'params',
    'data',
    'result',
    'details',
    'source',
    'connection',
    'authority',
    'appliedAt',
    'state',
    'byState',
  ].includes(field)
  return Object.fromEntries(isOpen ? [...members, [everything, everything], ['deeper', { [everything]: [everything] }]] : members)
}

/** Our own colours, by their exact codes: a colour of theirs is none of these, or not ended so. */
const OUR_COLOURS = new RegExp(`${ESC}\\[(?:1|2|22|31|32|33|36|39)m`, 'g')

/** What takes a terminal, gives it back, and goes to the beginning of a line: exactly so, and by `top` alone. */
const OUR_SCREEN = new RegExp(`${ESC}\\[(?:\\?1049[hl]|\\?25[hl]|H|2J|K|J)`, 'g')
const OUR_ROWS = new RegExp(`${ESC}\\[\\d+;1H`, 'g')

const withoutScreen = ({ stdout, ...rest }: Ran): Ran => ({ ...rest, stdout: stdout.replace(OUR_SCREEN, '').replace(OUR_ROWS, '\n') })

function problemsOf({ stdout, stderr }: Ran, { colours = false } = {}): string[] {
  return [stdout, stderr].flatMap((raw) => {
    const text = (colours ? raw.replace(OUR_COLOURS, '') : raw).replaceAll('\n', '')
    const found = UNSAFE_CHARACTER.exec(text)
    const line = raw.split('\n').find((each) => each.startsWith(forged))
    return [
      ...(found === null
        ? []
        : [`U+${found[0].codePointAt(0)?.toString(16)} in ${JSON.stringify(text.slice(Math.max(0, found.index - 40), found.index + 20))}`]),
      ...(line === undefined ? [] : ['a line of theirs passes for one of ours']),
    ]
  })
}

function leaves(command: Command, path: readonly string[] = []): string[] {
  if (command.commands.length === 0) return [path.join(' ')]
  return command.commands.flatMap((each) => leaves(each, [...path, each.name()]))
}

let api: FakeApi
let env: Record<string, string>
beforeAll(async () => {
  api = await startFakeApi((answer) => hostile(answer))
  prepare(api, (value) => hostile(value))
  // What is named on the command line is found by that name, or the screen behind it would never be reached.
  for (const [operation, example] of Object.entries({
    'hosts.list': exampleHost,
    'targets.list': exampleTarget,
    'servers.list': exampleServer,
  }))
    api.on(operation, ({ query: { name } }) => {
      const found = { ...Object(hostile(example)), id: ID, name }
      return name === undefined ? undefined : { body: { items: [found], next_cursor: null, position: '1' } }
    })
  env = { STEWARD_URL: api.url, STEWARD_API_KEY: 'key', TERM: 'xterm-256color' }
})
afterAll(() => api[Symbol.asyncDispose]())

test('the list of verbs is the tree of commands', () => {
  const program = createProgram(fakeProcess().context, { onExit: () => undefined })
  expect([...Object.keys(verbs), ...localVerbs].toSorted()).toEqual(leaves(program).toSorted())
})

test('the search for what is unsafe finds each text of the corpus that holds it', () => {
  for (const { text } of hostileTexts.filter(({ sink }) => sink === 'terminal')) {
    const raw = text.includes(forged) ? text : text.replaceAll('\n', '')
    if (/\u0301/.test(text)) continue // marks on letters: harmless but for their number
    expect(problemsOf({ code: 0, stdout: raw, stderr: '' }, { colours: true }), JSON.stringify(text)).not.toEqual([])
  }
})

/** Of the program; only flags: what takes a value chooses among the same screens. */
function flagsOf(path: string): readonly string[] {
  const program = createProgram(fakeProcess().context, { onExit: () => undefined })
  const leaf = path.split(' ').reduce<Command | undefined>((at, word) => at?.commands.find((each) => each.name() === word), program)
  return leaf?.options.flatMap(({ long, required, optional }) => (long == null || required || optional ? [] : [long])) ?? []
}

/** Each line of the list; each flag of a verb that its line has not, so that no screen behind a flag is forgotten; and the other ways. */
const screens = [
  ...Object.entries(verbs).flatMap(([verb, words]) => {
    const line = [...verb.split(' '), ...words]
    const flags = flagsOf(verb).filter((flag) => !words.includes(flag))
    return [{ verb, line, isWhole: true }, ...flags.map((flag) => ({ verb, line: [...line, flag], isWhole: false }))]
  }),
  ...otherWays.map((line) => ({ verb: line.slice(0, 2).join(' '), line, isWhole: false })),
].map((screen) => ({ name: screen.line.join(' ').slice(0, 100), ...screen }))

/** Lines for other programs are as long as they are. */
const asTheyAre = ['--names', '--once']

/** A log that somebody follows, until the server is gone. */
const endless = ['--follow']
beforeEach(() => {
  let asked = 0
  api.on('servers.logs', ({ query }) => {
    asked += query['cursor'] === undefined ? 0 : 1
    if (asked < 2) return undefined
    return { status: 404, body: { error: { code: 'NOT_FOUND', message: everything, details: {}, request_id: everything } } }
  })
})

describe.for(screens)('$name', ({ verb, line, isWhole }) => {
  test('shows only text', async () => {
    const ran = await stewardHere(line, { env })
    expect(ran.stdout + ran.stderr).not.toBe('')
    expect(problemsOf(ran)).toEqual([])
    // It is the screen that was looked at, and not a word about something that is not there.
    if (!endless.some((flag) => line.includes(flag))) expect(ran.stderr).not.toMatch(/\(NOT_FOUND\)|TypeError/)
    if (endless.some((flag) => line.includes(flag))) expect(ran.stderr).toContain('NOT_FOUND')
  })
  test('shows only text and our colours on a terminal, and fits it', async () => {
    const raw = await stewardHere(line, { env, columns: 80 })
    const ran = verb === 'top' ? withoutScreen(raw) : raw
    expect(problemsOf(ran, { colours: true })).toEqual([])
    // A file is as wide as it is, and so is a key: it is copied.
    if (verb.endsWith('export') || verb === 'key create' || asTheyAre.some((flag) => line.includes(flag))) return
    const plain = (ran.stdout + ran.stderr).replace(OUR_COLOURS, '').split('\n')
    expect(plain.filter((each) => [...each.normalize('NFC').replace(/\p{M}/gu, '')].length > 80)).toEqual([])
  })
  test('shows only text as JSON, and it is the same value', async () => {
    const ran = await stewardHere(['--json', ...line], { env })
    expect(problemsOf(ran)).toEqual([])
    if (verb.endsWith('export') || !isWhole) return
    const values = valuesOf(ran.stdout)
    if (values.length > 0) expect(JSON.stringify(values)).toContain(JSON.stringify(everything).slice(1, -1))
  })
})

test('an export for a spreadsheet shows only text', async () => {
  const ran = await stewardHere(['command', 'export', '--format', 'csv'], { env })
  expect(ran.stdout).not.toBe('')
  expect(problemsOf(ran)).toEqual([])
})

/** One value over several lines, or one on each. */
function valuesOf(text: string): unknown[] {
  try {
    return text === '' ? [] : [JSON.parse(text)]
  } catch {
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
  }
}

test.for(['plain', 'json'])('an error that says hostile things shows only text (%s)', async (form) => {
  await using refusing = await startFakeApi()
  refusing.on('hosts.list', () => ({
    status: 409,
    body: {
      error: {
        code: everything,
        message: everything,
        details: { [everything]: everything, issues: [{ field: everything, rule: everything }] },
        request_id: everything,
      },
    },
  }))
  const ran = await stewardHere(['host', 'list', ...(form === 'json' ? ['--json'] : [])], { env: { ...env, STEWARD_URL: refusing.url } })
  expect(ran.code).toBe(1)
  expect(problemsOf(ran)).toEqual([])
})

test('words of a mistyped command line show only text', async () => {
  for (const words of [
    [everything],
    ['host', everything],
    ['host', 'list', `--${everything}`],
    ['host', 'show', everything, everything],
    ['host', 'list', '--limit', everything],
  ]) {
    const ran = await stewardHere(words, { env })
    expect(ran.code).toBe(2)
    expect(problemsOf(ran)).toEqual([])
  }
})

test('a plan is asked for in words of ours only', async () => {
  const ran = await stewardHere(['approval', 'approve', 'x'], { env, columns: 100, types: 'n\n' })
  expect(ran.stderr).toContain('Approve exactly this plan?')
  expect(ran.code).toBe(1)
  // readline moves the cursor of its own line; everything in front of the question is ours.
  expect(
    problemsOf(
      { ...ran, stderr: ran.stderr.slice(0, ran.stderr.indexOf('Approve exactly')).replaceAll(`${ESC}[1G${ESC}[0J`, '') },
      { colours: true },
    ),
  ).toEqual([])
})
