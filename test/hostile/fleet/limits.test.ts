/** Limits by the best means of this machine. Where it keeps one of them not, it must say so; a limit that is neither kept nor denied fails here. */
import { expect, test } from 'vitest'
import { until } from '../../support/until.ts'
import { openFleet, readAll, specOf, witness } from './support.ts'

const MIB = 1024 * 1024

test('a program that takes more memory than it may is killed, and it is named for what it was', async () => {
  const fleet = await openFleet()
  const { keeps, says } = fleet.limiting()
  if (!keeps.includes('memoryBytes')) return expect(says).toContain('memory')
  const greedy = 'const kept = []; for (;;) kept.push(Buffer.alloc(1 << 20, 1))'
  const child = await fleet.spawn({
    ...{ runId: 'greedy', command: process.execPath, args: ['-e', greedy] },
    ...{ env: {}, limits: { memoryBytes: 128 * MIB } },
  })
  expect(await child.ended).toMatchObject({ signal: 'SIGKILL', outOfMemory: true })
  expect(await child.stop(0)).toMatchObject({ how: 'gone', outOfMemory: true })
})

test('a program that forks without end meets its limit, and the machine does not', async () => {
  const seen = witness()
  const tag = seen.tag()
  const fleet = await openFleet()
  const { keeps, says } = fleet.limiting()
  if (!keeps.includes('processes')) return expect(says).toContain('processes')
  const child = await fleet.spawn(specOf('restless', { tag, limits: { processes: 12 } }))
  await until(() => /fork|resource/i.test(child.stderrTail()))
  if (fleet.limiting().method !== 'rlimit') expect(seen.alive(tag).length).toBeLessThanOrEqual(12)
  await child.stop(0)
  expect(seen.alive(tag)).toEqual([])
})

test('a program that may use a tenth of a core gets no more', async () => {
  const fleet = await openFleet()
  const { keeps, says } = fleet.limiting()
  if (!keeps.includes('cpuCores')) return expect(says).toContain('CPU')
  const busy = 'const end = Date.now() + 1000; while (Date.now() < end); console.log(process.cpuUsage().user + process.cpuUsage().system)'
  const child = await fleet.spawn({
    ...{ runId: 'busy', command: process.execPath, args: ['-e', busy] },
    ...{ env: {}, limits: { cpuCores: 0.1 } },
  })
  expect(Number(await readAll(child).first)).toBeLessThan(600_000)
})

test.each(['auto', 'rlimit'] as const)('open files are limited by every means: %s', async (method) => {
  const fleet = await openFleet({ limitMethod: method === 'auto' ? undefined : method })
  const child = await fleet.spawn({ ...specOf('exits', { limits: { openFiles: 77 } }), args: ['-c', 'ulimit -n; ulimit -Hn; ulimit -c'] })
  const { lines, ended } = readAll(child)
  await ended
  expect(lines).toEqual(['77', '77', '0'])
})

test('a limit that cannot be set starts nothing', async () => {
  const fleet = await openFleet()
  const spec = specOf('polite', { limits: { openFiles: 2 ** 40 } })
  await expect(fleet.spawn(spec)).rejects.toMatchObject({ rule: 'limits', message: expect.stringContaining('1099511627776 open files') })
  await (await fleet.spawn(specOf('polite'))).stop(0)
})
