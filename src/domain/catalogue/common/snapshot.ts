/** A snapshot of files: taken under the lock just before the first step, into a directory of its own on the host. Both programs may run again. */
import type { Program } from '../program.ts'

export const takeSnapshot = (stateDir: string, executionId: string, paths: readonly string[]): Program => ({
  kind: 'script',
  script: 'common/take-snapshot.sh',
  args: [stateDir, executionId, ...paths],
})

export const restoreSnapshot = (stateDir: string, executionId: string): Program => ({
  kind: 'script',
  script: 'common/restore-snapshot.sh',
  args: [stateDir, executionId],
})

/** The copy of one file, for a person to compare. */
export const printSnapshot = (stateDir: string, executionId: string, path: string): Program => ({
  kind: 'script',
  script: 'common/print-snapshot.sh',
  args: [stateDir, executionId, path],
})
