/** Waits for something that sends no event: a process that ends, a file that appears. Fails after a time that no healthy machine needs. */
import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 20

export async function until(holds: () => boolean | Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`it did not come true in ${timeoutMs} ms: ${holds}`)
    await sleep(POLL_MS)
  }
}
