/** The stop file in the data directory: there, or not. A directory that cannot be looked into counts as stopped: better no healing than healing unseen. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { StopFile } from '../../domain/ports/stop-file.ts'

export const STOP_FILE = 'healing.stop'

export function createStopFile({ dataDir }: { dataDir: string }): StopFile {
  const path = join(dataDir, STOP_FILE)
  return {
    async present() {
      try {
        await stat(path)
        return path
      } catch (error) {
        return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? undefined : path
      }
    },
  }
}
