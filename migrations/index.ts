/** All migrations, in order, known without reading a directory: what runs is what was checked and shipped. */
import type { Migration } from 'kysely/migration'
import * as eventLog from './0001-event-log.ts'
import * as checkpoints from './0002-checkpoints.ts'
import * as logCursors from './0003-log-cursors.ts'
import * as projectionBuilds from './0004-projection-builds.ts'
import * as healthSamples from './0005-health-samples.ts'

export const migrations: Readonly<Record<string, Migration>> = {
  '0001-event-log': eventLog,
  '0002-checkpoints': checkpoints,
  '0003-log-cursors': logCursors,
  '0004-projection-builds': projectionBuilds,
  '0005-health-samples': healthSamples,
}
