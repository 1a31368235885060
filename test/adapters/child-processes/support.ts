/** A directory that is gone after the test. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

export async function scratch(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'child-processes-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}
