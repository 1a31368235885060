/** Programs that misbehave on their streams, at their start and at their end: each comes to a clear end, and none costs Steward its memory. */
import { readFileSync, statSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { InputClosed } from '../../../src/domain/ports/child-processes.ts'
import { until } from '../../support/until.ts'
import { openFleet, readAll, scratch, specOf, witness } from './support.ts'
import { kill } from './witness.ts'

const MIB = 1024 * 1024

test('200 MB without a newline end as too-long, and our memory does not follow them', async () => {
  const fleet = await openFleet()
  const before = process.memoryUsage().rss
  const child = await fleet.spawn(specOf('flood', { more: [String(200 * MIB)], maxLineBytes: 4 * MIB }))
  const { lines, ended } = readAll(child)
  expect(await ended).toBe('too-long')
  expect(await child.ended).toMatchObject({ signal: 'SIGKILL', outOfMemory: false })
  expect(await child.stop(0)).toMatchObject({ how: 'killed' })
  expect(lines).toEqual([])
  expect(process.memoryUsage().rss - before).toBeLessThan(64 * MIB)
})

test('a program that prints lines without end waits while nobody reads, and goes on where it was', async () => {
  const fleet = await openFleet()
  const child = await fleet.spawn(specOf('lines', { more: ['x'.repeat(1_000)] }))
  let count = 0
  child.read({
    line() {
      count += 1
      if (count % 1_000 === 0) child.pause()
    },
    ended: () => undefined,
  })
  await until(() => count === 1_000)
  const before = process.memoryUsage().rss
  await delay(300)
  expect(count).toBe(1_000)
  expect(process.memoryUsage().rss - before).toBeLessThan(16 * MIB)
  child.resume()
  await until(() => count === 2_000)
})

test('what a program prints before anybody reads is not lost', async () => {
  const fleet = await openFleet()
  const child = await fleet.spawn({ ...specOf('exits'), args: ['-c', 'seq 1 20000'] })
  await child.ended
  const { lines, ended } = readAll(child)
  expect(await ended).toBe('closed')
  expect(lines).toHaveLength(20_000)
  expect(lines.at(-1)).toBe('20000')
})

test('half a line is not a line', async () => {
  const fleet = await openFleet()
  const child = await fleet.spawn(specOf('half-a-line', { tag: witness().tag() }))
  const { lines, ended } = readAll(child)
  await delay(100)
  await child.stop(0)
  expect(await ended).toBe('closed')
  expect(lines).toEqual([])
})

test('bytes that are no UTF-8 are replaced, and the line is delivered', async () => {
  const fleet = await openFleet()
  const child = await fleet.spawn(specOf('not-utf8'))
  expect(await readAll(child).first).toBe('a\u{fffd}b')
})

test('a character that comes in two pieces is one character', async () => {
  const fleet = await openFleet()
  const child = await fleet.spawn({ ...specOf('exits'), args: ['-c', "printf 'a\\303'; sleep 0.1; printf '\\244b\\n'"] })
  expect(await readAll(child).first).toBe('aäb')
})

test('a program that closes its output lives on, and we are told', async () => {
  const seen = witness()
  const tag = seen.tag()
  const fleet = await openFleet()
  const child = await fleet.spawn(specOf('closes-output', { tag }))
  expect(await readAll(child).ended).toBe('closed')
  expect(seen.alive(tag).length).toBeGreaterThan(0)
  await child.stop(0)
  expect(seen.alive(tag)).toEqual([])
})

test('a program that closes its input refuses lines, and Steward lives on', async () => {
  const fleet = await openFleet()
  const child = await fleet.spawn(specOf('closes-input', { tag: witness().tag() }))
  const write = async (): Promise<void> => {
    for (;;) {
      await child.write('hello')
      await delay(10)
    }
  }
  await expect(write()).rejects.toThrow(InputClosed)
})

test('a writer waits while the program does not read, and is refused when it ends', async () => {
  const fleet = await openFleet()
  const child = await fleet.spawn(specOf('deaf', { tag: witness().tag() }))
  let taken = 0
  const write = async (): Promise<void> => {
    for (;;) {
      await child.write('x'.repeat(10_000))
      taken += 1
    }
  }
  const written = write()
  written.catch(() => undefined)
  await delay(300)
  const before = taken
  await delay(100)
  expect(taken).toBe(before)
  expect(taken).toBeLessThan(200)
  await child.stop(0)
  await expect(written).rejects.toThrow(InputClosed)
})

test('what is written arrives whole and in order, whatever its size', async () => {
  const fleet = await openFleet()
  const child = await fleet.spawn(specOf('polite'))
  const sent = Array.from({ length: 2_000 }, (_, index) => `${index} ${'ä'.repeat((index * 37) % 3_000)}`)
  const { lines } = readAll(child)
  for (const line of sent) await child.write(line)
  await until(() => lines.length === sent.length)
  expect(lines).toEqual(sent)
})

test('an endless error stream is held back: its file stays bounded, and its end can be told', async () => {
  const logPath = join(await scratch(), 'errors.log')
  const fleet = await openFleet({ maxLogBytes: 100_000 })
  const child = await fleet.spawn(specOf('endless-errors', { logPath }))
  await delay(500)
  await child.stop(0)
  expect(statSync(logPath).size).toBeLessThanOrEqual(100_000)
  expect(statSync(`${logPath}.1`).size).toBeLessThanOrEqual(100_000)
  expect(statSync(logPath).mode & 0o777).toBe(0o600)
  expect(child.stderrTail().length).toBeLessThanOrEqual(65_536)
  expect(child.stderrTail()).toMatch(/^(something is wrong\n)+(something is wron?g?|[a-z ]*)?$/)
})

test('the last words of a program that fails at once are kept', async () => {
  const logPath = join(await scratch(), 'errors.log')
  const fleet = await openFleet()
  const child = await fleet.spawn({ ...specOf('exits', { logPath }), args: ['-c', 'echo no such database >&2; exit 7'] })
  expect(await child.ended).toEqual({ code: 7, signal: null, outOfMemory: false })
  expect(await child.stop(0)).toMatchObject({ how: 'gone', code: 7 })
  expect(child.stderrTail()).toBe('no such database\n')
  expect(readFileSync(logPath, 'utf8')).toBe('no such database\n')
})

test('a program that forks and exits has ended, and its children with it', async () => {
  const seen = witness()
  const tag = seen.tag()
  const fleet = await openFleet()
  const child = await fleet.spawn(specOf('forks-and-exits', { tag }))
  expect(await child.ended).toMatchObject({ code: 0 })
  await child.stop(0)
  expect(seen.alive(tag)).toEqual([])
})

test('a wrapper that goes at SIGTERM leaves the server behind it the rest of the grace', async () => {
  const place = await scratch()
  const fleet = await openFleet()
  const server = `trap 'sleep 0.3; echo done >"${place}/done"; exit 0' TERM; while :; do sleep 0.05; done`
  const child = await fleet.spawn({ ...specOf('exits'), args: ['-c', `sh -c '${server.replaceAll("'", `'"'"'`)}' & exec sleep 60`] })
  await delay(150)
  expect(await child.stop(3_000)).toMatchObject({ how: 'asked' })
  expect(readFileSync(join(place, 'done'), 'utf8')).toBe('done\n')
})

test('who goes when its input ends is never signalled', async () => {
  const fleet = await openFleet()
  const child = await fleet.spawn({ ...specOf('exits'), args: ['-c', 'cat; exit 5'] })
  expect(await child.stop(5_000)).toMatchObject({ how: 'asked', code: 5, signal: null })
})

test('who hears neither the end of its input nor SIGTERM is killed when the grace is over', async () => {
  const fleet = await openFleet()
  const child = await fleet.spawn(specOf('deaf', { tag: witness().tag() }))
  await delay(100)
  const startedMs = performance.now()
  expect(await child.stop(300)).toMatchObject({ how: 'killed', signal: 'SIGKILL' })
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(295)
})

test('a stop with less patience overtakes one with more', async () => {
  const fleet = await openFleet()
  const child = await fleet.spawn(specOf('deaf', { tag: witness().tag() }))
  const patient = child.stop(60_000)
  expect(await child.stop(0)).toMatchObject({ how: 'killed' })
  expect(await patient).toMatchObject({ how: 'killed' })
})

test('a program that somebody else kills has gone, and was not out of memory', async () => {
  const fleet = await openFleet()
  const child = await fleet.spawn(specOf('deaf', { tag: witness().tag() }))
  kill(child.process.pid)
  expect(await child.ended).toEqual({ code: null, signal: 'SIGKILL', outOfMemory: false })
  expect(await child.stop(0)).toMatchObject({ how: 'gone' })
})

test('a program gets the few variables it needs, its own, and nothing that Steward was configured with', async () => {
  const fleet = await openFleet({
    env: { PATH: process.env['PATH'], HOME: '/', STEWARD_KEY: 'secret', ANTHROPIC_API_KEY: 'secret', LANG: 'C' },
  })
  const child = await fleet.spawn({ ...specOf('exits'), args: ['-c', 'exec env'], env: { GIVEN: 'yes', STEWARD_RUN: 'forged' } })
  const { lines, ended } = readAll(child)
  await ended
  const names = lines.map((line) => line.split('=')[0]).sort()
  expect(names.filter((name) => !['PWD', 'SHLVL', '_'].includes(String(name)))).toEqual(['GIVEN', 'HOME', 'LANG', 'PATH', 'STEWARD_RUN'])
  expect(lines.join()).not.toContain('forged')
})

test('a program inherits no open file of Steward', async () => {
  const fleet = await openFleet()
  const before = await fleet.spawn(specOf('polite', { runId: 'other' }))
  const child = await fleet.spawn({ ...specOf('exits'), command: 'ls', args: ['-l', '/proc/self/fd'] })
  const { lines, ended } = readAll(child)
  await ended
  const open = lines.flatMap((line) => /(\d+) -> (.*)$/.exec(line)?.slice(1) ?? [])
  // What whoever started these tests left open beyond the numbers that Node looks at is not Steward's.
  const numbers = open
    .filter((_, index) => index % 2 === 0)
    .map(Number)
    .filter((number) => number < 20)
  expect(numbers).toEqual([0, 1, 2, 3])
  await before.stop(0)
})

test.each([
  ['executable-missing', { command: 'no-such-program' }, 'the program no-such-program was not found'],
  ['executable-missing', { command: '/no/such/program' }, 'there is no such file'],
  ['not-executable', { command: '/etc/passwd' }, 'may not be executed'],
  ['not-executable', { command: '/etc' }, 'may not be executed'],
  ['working-directory', { workingDirectory: '/no/such/place' }, '/no/such/place cannot be entered'],
  ['working-directory', { workingDirectory: '/etc/passwd' }, 'is no directory'],
  ['system', { args: ['x'.repeat(3 * MIB)] }, 'E2BIG'],
] as const)('a program that cannot be started: %s %j', async (rule, wrong, says) => {
  const fleet = await openFleet()
  await expect(fleet.spawn({ ...specOf('polite'), ...wrong })).rejects.toMatchObject({ rule, message: expect.stringContaining(says) })
  // Nothing of it is left, so that the same run may begin now.
  const child = await fleet.spawn(specOf('polite'))
  await child.stop(0)
})

test('it is looked for in the PATH that it will have itself', async () => {
  const place = await scratch()
  await mkdir(join(place, 'bin'))
  await writeFile(join(place, 'bin', 'ours'), '#!/bin/sh\necho ours\n')
  await chmod(join(place, 'bin', 'ours'), 0o755)
  const fleet = await openFleet()
  const child = await fleet.spawn({ ...specOf('exits'), command: 'ours', args: [], env: { PATH: `${join(place, 'bin')}:/usr/bin:/bin` } })
  expect(await readAll(child).first).toBe('ours')
})

test('a run begins once', async () => {
  const fleet = await openFleet()
  const one = fleet.spawn(specOf('polite', { runId: 'one' }))
  await expect(fleet.spawn(specOf('polite', { runId: 'one' }))).rejects.toThrow('the run one has begun already')
  await (await one).stop(0)
})

test('nothing is started any more once it is closing, and what was being started is taken down', async () => {
  const seen = witness()
  const tag = seen.tag()
  const fleet = await openFleet()
  const starting = [1, 2, 3].map((number) => fleet.spawn(specOf('deaf', { tag, runId: `run-${number}` })).catch((error: unknown) => error))
  const closed = fleet.close()
  await expect(fleet.spawn(specOf('deaf', { tag }))).rejects.toMatchObject({ rule: 'system' })
  await Promise.all([...starting, closed])
  expect(seen.alive(tag)).toEqual([])
})
