/** What each means of limiting asks of the machine, also of machines that are not this one: by stand-ins for systemd and for a delegated group. */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openChildProcesses } from '../../../src/adapters/child-processes/child-processes.ts'
import { openCgroupV2 } from '../../../src/adapters/child-processes/limits/cgroup-v2.ts'
import { namesVictim } from '../../../src/adapters/child-processes/out-of-memory.ts'
import { scratch } from './support.ts'

const MARK = { place: 'aaaa', life: 'bbbb' }

test('a delegated group of cgroup v2 is divided by life and run, and every limit written where the kernel reads it', async () => {
  const base = await scratch()
  const limiter = await openCgroupV2(base, MARK, ['memory', 'pids', 'cpu'])
  const run = join(base, 'steward-aaaa', 'bbbb', 'run-1')
  const { groupFiles } = await limiter.confine('run-1', { memoryBytes: 64_000_000, processes: 20, cpuCores: 0.5, openFiles: 100 })
  const text = (path: string): Promise<string> => readFile(path, 'utf8')
  expect(groupFiles).toEqual([join(run, 'cgroup.procs')])
  expect(await text(join(base, 'steward-aaaa', 'cgroup.subtree_control'))).toBe('+memory +pids +cpu')
  expect(await text(join(base, 'steward-aaaa', 'bbbb', 'cgroup.subtree_control'))).toBe('+memory +pids +cpu')
  expect(await text(join(run, 'memory.max'))).toBe('64000000')
  expect(await text(join(run, 'memory.oom.group'))).toBe('1')
  expect(await text(join(run, 'pids.max'))).toBe('20')
  expect(await text(join(run, 'cpu.max'))).toBe('50000 100000')
  expect(limiter.keeps).toEqual(['memoryBytes', 'processes', 'cpuCores', 'openFiles'])
  expect(limiter.directories).toEqual([join(base, 'steward-aaaa', 'bbbb')])
})

test.each([
  ['low 0\nhigh 0\nmax 12\noom 3\noom_kill 1\n', true],
  ['low 0\nhigh 0\nmax 12\noom 3\noom_kill 0\noom_group_kill 1\n', false],
])('cgroup v2 tells an end for memory by its count of kills: %j', async (events, outOfMemory) => {
  const base = await scratch()
  const limiter = await openCgroupV2(base, MARK, ['memory'])
  const confinement = await limiter.confine('run-1', {})
  await writeFile(join(base, 'steward-aaaa', 'bbbb', 'run-1', 'memory.events'), events)
  expect(confinement.ranOutOfMemory()).toBe(outOfMemory)
})

test('systemd is asked for a scope with the limits, becomes the program, and is asked why it ended', async () => {
  const { env, said } = await standInForSystemd({ result: 'oom-kill' })
  const fleet = await openChildProcesses({ dataDirectory: await scratch(), env, limitMethod: 'systemd-scope' })
  onTestFinished(() => fleet.close())
  expect(fleet.limiting()).toMatchObject({ method: 'systemd-scope', keeps: ['memoryBytes', 'processes', 'cpuCores', 'openFiles'] })
  const limits = { memoryBytes: 64_000_000, processes: 20, cpuCores: 0.5, openFiles: 100 }
  const child = await fleet.spawn({ runId: 'run-1', command: 'sh', args: ['-c', 'ulimit -n; kill -9 $$'], env: {}, limits })
  const line = Promise.withResolvers<string>()
  child.read({ line: line.resolve, ended: () => undefined })
  expect(await line.promise).toBe('100')
  expect(await child.ended).toMatchObject({ signal: 'SIGKILL', outOfMemory: true })
  expect(child.process.limitedBy).toBe('systemd-scope')
  await child.stop(0)
  const asked = (await said()).at(-1)
  expect(asked).toMatch(/^--(system|user) --scope --quiet --unit=steward-[0-9a-f]+-[0-9a-f]+-run-1 --property=MemoryMax=64000000/)
  expect(asked).toContain('--property=TasksMax=20 --property=CPUQuota=50% -- sh ')
})

test('where nothing better works it is said why', async () => {
  const env = { PATH: process.env['PATH'] }
  const fleet = await openChildProcesses({ dataDirectory: await scratch(), env, limitMethod: 'rlimit' })
  onTestFinished(() => fleet.close())
  expect(fleet.limiting()).toMatchObject({ method: 'rlimit', says: expect.stringContaining('not limited') })
  expect(fleet.holding()).toMatchObject({ method: 'mark', says: expect.stringContaining('is not found') })
})

test('only the very process that the kernel names was killed for memory', () => {
  const log = '3,1,1,-;Memory cgroup out of memory: Killed process 1234 (node) total-vm:1kB'
  expect(namesVictim(log, 1234)).toBe(true)
  expect(namesVictim(log, 123)).toBe(false)
  expect(namesVictim(log, 234)).toBe(false)
})

/** Does what systemd-run does from the outside: remembers what it was asked, and becomes the command. */
async function standInForSystemd({ result }: { result: string }): Promise<Readonly<{ env: NodeJS.ProcessEnv; said(): Promise<string[]> }>> {
  const place = await scratch()
  const log = join(place, 'said')
  const bin = join(place, 'bin')
  await mkdir(bin)
  const script = async (name: string, text: string): Promise<void> => {
    await writeFile(join(bin, name), `#!/bin/sh\n${text}\n`)
    await chmod(join(bin, name), 0o755)
  }
  await script('systemd-run', `echo "$*" >>'${log}'; while [ "$1" != -- ]; do shift; done; shift; exec "$@"`)
  await script('systemctl', `echo ${result}`)
  return {
    env: { PATH: `${bin}:${process.env['PATH']}` },
    said: async () => (await readFile(log, 'utf8')).trim().split('\n'),
  }
}
