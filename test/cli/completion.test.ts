/** Completion: bash is asked itself; of zsh and fish, which are not everywhere, the text is held against the tree of commands. */
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Place, placesOf, stepsOf, takingOptions } from '../../src/cli/completion/places.ts'
import { createProgram } from '../../src/cli/program.ts'
import { fakeProcess, stewardHere } from './support/run-cli.ts'

const run = promisify(execFile)
const script = async (shell: string): Promise<string> => (await stewardHere(['completion', shell])).stdout

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'steward-completion-'))
  await writeFile(join(dir, 'some file.yaml'), '')
})
afterAll(() => rm(dir, { recursive: true }))

/** Stands in for the program: names of a running Steward, one of them made to be run by the shell that completes it. */
const STEWARD = `steward() {
  case "$*" in
    "server list --all --names") printf 'files\\nsearch\\n' ;;
    "tool list --all --names") printf 'files.read_file\\nfiles.$(touch owned)\\nfiles.a b\\nfiles.\\033[2J\\n' ;;
    *) return 1 ;;
  esac
}`

describe('bash', () => {
  const complete = async (...words: readonly string[]): Promise<readonly string[]> => {
    const text = `${await script('bash')}\n${STEWARD}\nCOMP_WORDS=(steward "$@"); COMP_CWORD=$#; _steward; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout } = await run('bash', ['-c', text, 'bash', ...words], { cwd: dir })
    return stdout.trim().split('\n')
  }

  test('takes the script', async () => {
    await writeFile(join(dir, 'bash'), await script('bash'))
    expect(await run('bash', ['-n', join(dir, 'bash')])).toEqual({ stdout: '', stderr: '' })
  })
  test.for([
    { words: ['ho'], gives: ['host'] },
    { words: ['host', 'te'], gives: ['test'] },
    { words: ['host', 'ret'], gives: ['retire'] },
    { words: ['host', 'retire', '--rea'], gives: ['--reason'] },
    { words: ['incident', 'list', '--severity', 'c'], gives: ['critical'] },
    { words: ['incident', 'list', '-n', '5', '--severity', 'c'], gives: ['critical'] },
    { words: ['target', 'mode', 'web', 'pro'], gives: ['propose'] },
    { words: ['target', 'mode', 'host', 'o'], gives: ['observe'] },
    { words: ['--url', 'host', 'incident', 'sh'], gives: ['show'] },
    { words: ['config', 'check', 'so'], gives: ['some file.yaml'] },
    { words: ['events', 'export', '-o', 'so'], gives: ['some file.yaml'] },
    { words: ['server', 'show', 'f'], gives: ['files'] },
    { words: ['server', 'stop', 'files', 's'], gives: ['search'] },
    { words: ['tool', 'list', '--server', 's'], gives: ['search'] },
    { words: ['server', 'show', '--at'], gives: ['--at'] },
    { words: ['tool', 'show', ''], gives: ['files.read_file'] },
    { words: ['server', 'restore', 'f'], gives: [''] },
    { words: ['target', 'show', 'so'], gives: [''] },
    { words: ['target', 'add', 'x', '--host', ''], gives: [''] },
  ])('completes $words', async ({ words, gives }) => {
    expect(await complete(...words)).toEqual(gives)
  })
})

test('a tool that is called like a command runs nothing', async () => {
  await expect(readdir(dir)).resolves.not.toContain('owned')
})

describe('the tree', () => {
  const places = placesOf(createProgram(fakeProcess().context, { onExit: () => undefined }))
  const place = (path: string): Place | undefined => places.find((each) => each.path === path)

  test('has a step to every place, and every alias leads where its command does', () => {
    const steps = stepsOf(places)
    expect(new Set(['', ...steps.map(({ to }) => to)])).toEqual(new Set(places.map(({ path }) => path)))
    expect(steps).toContainEqual({ from: 'target', word: 'retire', to: 'target delete' })
  })
  test('knows what options take', () => {
    expect(takingOptions(places)).toEqual(expect.arrayContaining(['--url', '--limit', '-n', '--output', '-o']))
    expect(takingOptions(places)).not.toContain('--json')
    expect(place('events export')?.options.find(({ long }) => long === '--output')?.takes).toBe('file')
  })
  test.for(['zsh', 'fish'])('is in the script for %s, whole', async (shell) => {
    const text = await script(shell)
    for (const { from, word } of stepsOf(places)) expect(text).toContain(`'${from} ${word}'`)
    for (const { path, options } of places) {
      expect(text).toContain(`'${path}'`)
      for (const { long } of options) expect(text).toContain(shell === 'fish' ? `-l ${long.slice(2)} ` : `'${long}:`)
    }
  })
})
