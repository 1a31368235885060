/** The stop file in the data directory: there, or not. A directory that cannot be looked into counts as stopped: better no healing than healing unseen. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { instant } from '../../domain/instant.ts'
import type { StopFile } from '../../domain/ports/stop-file.ts'

export const STOP_FILE = 'healing.stop'

export function createStopFile({ dataDir }: { dataDir: string }): StopFile {
  const path = join(dataDir, STOP_FILE)
  return {
    async present() {
      try {
        const { birthtimeMs, mtimeMs } = await stat(path)
        // Written to again, it still stops since it was made; where nobody keeps that, the last write is the best there is.
        return { path, since: instant(new Date(birthtimeMs > 0 ? birthtimeMs : mtimeMs).toISOString()) }
      } catch (error) {
        return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? undefined : { path, since: null }
      }
    },
  }
}
