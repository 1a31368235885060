/**
 * `npm test`: type check, linter and all tests, each with a summary, and as the last line `N passed, N failed`. `--core` leaves out the
 * tests that need daemons. Nothing is skipped silently: a test that did not run counts as failed, by name; but what only root or a browser can try
 * is left out where there is none, and listed.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { TestCase, TestModule } from 'vitest/node'
import { startVitest } from 'vitest/node'
import { missingNeeds } from '../vitest.config.ts'

type Part = Readonly<{ name: string; passed: number; failures: readonly string[]; leftOut: readonly string[] }>

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const coreOnly = process.argv.slice(2).includes('--core')
const unknown = process.argv.slice(2).filter((argument) => argument !== '--core')

if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(' ')}. Only --core is known here; to run some tests: npx vitest run PATH`)
  process.exit(2)
}
process.chdir(ROOT)
const parts = [
  await check('type check', 'tsc', ['--noEmit']),
  await check('type check of the page', 'tsc', ['--noEmit', '-p', 'src/api/page']),
  await check('linter', 'biome', ['check', '.']),
  await tests(),
]
report(parts)
process.exit(parts.every(({ failures }) => failures.length === 0) ? 0 : 1)

async function check(name: string, program: string, args: readonly string[]): Promise<Part> {
  const child = spawn(`node_modules/.bin/${program}`, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  const status = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  const passes = status === 0
  console.log(`${name}: ${passes ? 'passed' : 'failed'}`)
  return { name, passed: passes ? 1 : 0, failures: passes ? [] : [`${program} ${args.join(' ')} ended with ${status}`], leftOut: [] }
}

async function tests(): Promise<Part> {
  const vitest = await startVitest([], { watch: false, ...(coreOnly ? { project: ['core', 'hostile'] } : {}) })
  const modules = vitest.state.getTestModules()
  const results = modules.map(resultOf)
  const stray = vitest.state.getUnhandledErrors().map((error) => `outside any test: ${messageOf(error)}`)
  await vitest.close()
  // A run without tests is a broken run.
  const empty = modules.length === 0 ? ['no test file was found'] : []
  return {
    name: coreOnly ? 'tests without daemons' : 'tests',
    passed: results.reduce((sum, { passed }) => sum + passed, 0),
    failures: [...results.flatMap(({ failures }) => failures), ...stray, ...empty],
    leftOut: results.flatMap(({ leftOut }) => leftOut),
  }
}

function resultOf(module: TestModule): Omit<Part, 'name'> {
  const failures: string[] = module.errors().map((error) => `${module.relativeModuleId}: ${messageOf(error)}`)
  const leftOut: string[] = []
  let passed = 0
  for (const suite of module.children.allSuites()) {
    for (const error of suite.errors()) failures.push(`${module.relativeModuleId} > ${suite.fullName}: ${messageOf(error)}`)
  }
  for (const test of module.children.allTests()) {
    const { state } = test.result()
    const name = `${module.relativeModuleId} > ${test.fullName}`
    if (state === 'passed') passed += 1
    else if (state === 'skipped' && needOf(test) !== undefined) leftOut.push(`${needOf(test)?.missing}: ${name}`)
    else failures.push(state === 'failed' ? name : `${name} (did not run: ${test.options.mode ?? state})`)
  }
  return { passed, failures, leftOut }
}

/** What the test needs and this machine has not. */
const needOf = ({ tags }: Pick<TestCase, 'tags'>) => missingNeeds.find(({ name }) => tags.includes(name))

const messageOf = (error: unknown): string =>
  String(error instanceof Object && 'message' in error ? error.message : error)
    .split('\n', 1)
    .join()

function report(all: readonly Part[]): void {
  for (const { name, failures } of all) {
    for (const failure of failures) console.log(`failed: ${name}: ${failure}`)
  }
  const leftOut = all.flatMap((part) => part.leftOut)
  for (const line of leftOut) console.log(line)
  for (const { name, passed, failures } of all) console.log(`${name}: ${passed} passed, ${failures.length} failed`)
  const passed = all.reduce((sum, part) => sum + part.passed, 0)
  const failed = all.reduce((sum, part) => sum + part.failures.length, 0)
  console.log(`${passed} passed, ${failed} failed`)
}
