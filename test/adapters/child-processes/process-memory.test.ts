import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { createProcessMemory } from '../../../src/adapters/child-processes/process-memory.ts'
import { hasProcessTable } from '../../../src/adapters/child-processes/process-table.ts'

test.runIf(hasProcessTable)('the memory of a group is that of all its processes; a group that is gone is absent', async () => {
  const memory = createProcessMemory()
  // Says when its child runs as well.
  const child = spawn('sh', ['-c', 'sleep 600 & echo up; wait'], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] })
  const { pid = 0 } = child
  onTestFinished(() => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-pid, 'SIGKILL')
  })
  await once(child.stdout, 'data')
  const both = (await memory.ofGroups(new Set([pid]))).get(pid) ?? 0
  expect(both).toBeGreaterThan(100_000)
  expect(both).toBeLessThan(50_000_000)
  const ended = once(child, 'exit')
  process.kill(-pid, 'SIGKILL')
  await ended
  await expect.poll(async () => [...(await memory.ofGroups(new Set([pid]))).keys()]).toEqual([])
  expect((await memory.ofGroups(new Set())).size).toBe(0)
})
