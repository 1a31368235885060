import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { hasProcessTable } from '../../../src/adapters/child-processes/process-table.ts'
import { createProcessUsage } from '../../../src/adapters/child-processes/process-usage.ts'

async function group(script: string) {
  const child = spawn('sh', ['-c', script], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] })
  const { pid = 0 } = child
  onTestFinished(() => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-pid, 'SIGKILL')
  })
  await once(child.stdout, 'data')
  return { pid, ended: once(child, 'exit') }
}

test.runIf(hasProcessTable)('what a group takes is what all its processes take; a group that is gone is absent', async () => {
  const usage = createProcessUsage()
  // Says when its child runs as well.
  const { pid, ended } = await group('sleep 600 & echo up; wait')
  const both = (await usage.ofGroups(new Set([pid]))).get(pid)
  expect(both?.memoryBytes).toBeGreaterThan(100_000)
  expect(both?.memoryBytes).toBeLessThan(50_000_000)
  process.kill(-pid, 'SIGKILL')
  await ended
  await expect.poll(async () => [...(await usage.ofGroups(new Set([pid]))).keys()]).toEqual([])
  expect((await usage.ofGroups(new Set())).size).toBe(0)
})

test.runIf(hasProcessTable)('processor time is that of running processes and of children that have ended', async () => {
  const busy = 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done'
  const { pid } = await group(`sh -c '${busy}'; echo up; sleep 600`)
  const idle = await group('echo up; sleep 600')
  const told = await createProcessUsage().ofGroups(new Set([pid, idle.pid]))
  expect(told.get(pid)?.cpuSeconds).toBeGreaterThan(0.02)
  expect(told.get(idle.pid)?.cpuSeconds).toBeLessThan(told.get(pid)?.cpuSeconds ?? 0)
})
