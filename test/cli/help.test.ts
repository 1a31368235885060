/** The manual: every noun has three examples, and every example is a command line that would be understood. */
import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { examples } from '../../src/cli/examples.ts'
import { createProgram } from '../../src/cli/program.ts'
import { fakeProcess, stewardHere } from './support/run-cli.ts'

const program = createProgram(fakeProcess().context, { onExit: () => undefined })

/** Of a shell, as far as examples need it. */
const wordsOf = (line: string): readonly string[] => (line.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replace(/^'(.*)'$/, '$1'))

function leafOf(words: readonly string[]): Command {
  let at = program
  for (const word of words) {
    const next = at.commands.find((each) => each.name() === word || each.aliases().includes(word))
    if (next === undefined) break
    at = next
  }
  return at
}

test('every noun has examples', () => {
  const own = ['up', 'demo', 'completion']
  expect([...Object.keys(examples), ...own].toSorted()).toEqual(program.commands.map((each) => each.name()).toSorted())
})

describe.for(Object.entries(examples))('help %s', ([noun, lines]) => {
  test('is no failure, and shows its examples', async () => {
    const ran = await stewardHere(['help', noun])
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    for (const line of lines) expect(ran.stdout).toContain(`  ${line}\n`)
  })
  test.for(lines.filter((line) => line !== 'steward --version'))('has an example that is understood: %s', (line) => {
    const [program_, ...words] = wordsOf(line)
    expect(program_).toBe('steward')
    const leaf = leafOf(words)
    expect(leaf.commands).toEqual([])
    const known = leaf.createHelp()
    const options = [...known.visibleOptions(leaf), ...known.visibleGlobalOptions(leaf)]
    // What stands behind `--` is no option of ours.
    const own = words.includes('--') ? words.slice(0, words.indexOf('--')) : words
    for (const word of own.filter((each) => each.startsWith('--'))) expect(options.map(({ long }) => long)).toContain(word)
    for (const option of options.filter(({ mandatory }) => mandatory)) expect(words).toContain(option.long)
  })
})

test('steward alone says what it is and three things to type', async () => {
  const ran = await stewardHere([])
  expect(ran).toMatchObject({ code: 2, stdout: '' })
  for (const part of ['Usage: steward', 'steward demo', 'steward up', 'steward status', 'steward help']) expect(ran.stderr).toContain(part)
})
