/** Where the demo keeps everything: one directory of its own, named after the run. */
import { randomBytes } from 'node:crypto'
import { access, constants, mkdir, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

export type Place = Readonly<{
  /** Names the run: its directory and its namespace in the log. */
  runId: string
  dir: string
  /** Steward's data: what was recorded, kept after the run. */
  dataDir: string
  /** The host and the services on it; removed after a run that went as expected. */
  hostDir: string
  logPath: string
  policyPath: string
}>

export type PlaceOptions = Readonly<{
  /** The directory itself. */
  asked: string | undefined
  /** Where to make one, when none is asked for. */
  dataDir: string | undefined
  cwd: string
  env: NodeJS.ProcessEnv
}>

/** @throws when the directory cannot be made, or already holds something. */
export async function makePlace({ asked, dataDir: beside, cwd, env }: PlaceOptions): Promise<Place> {
  const runId = randomBytes(4).toString('hex')
  const chosen =
    asked === undefined
      ? join(await parentOf(resolve(cwd, beside ?? (env['STEWARD_DATA_DIR'] || '.steward'))), `demo-${runId}`)
      : resolve(cwd, asked)
  await mkdir(dirname(chosen), { recursive: true, mode: 0o700 })
  try {
    await mkdir(chosen, { mode: 0o700 })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') throw new PlaceTaken(chosen)
    throw error
  }
  const dir = await realpath(chosen)
  const dataDir = join(dir, 'steward')
  await mkdir(join(dataDir, 'secrets'), { recursive: true, mode: 0o700 })
  return { runId, dir, dataDir, hostDir: join(dir, 'host'), logPath: join(dir, 'steward.log'), policyPath: join(dir, 'policy.yaml') }
}

/** Beside the user's own data; where nothing may be written there, in the directory for temporary files. */
async function parentOf(wanted: string): Promise<string> {
  try {
    await mkdir(wanted, { recursive: true, mode: 0o700 })
    await access(wanted, constants.W_OK | constants.X_OK)
    return wanted
  } catch {
    return tmpdir()
  }
}

export class PlaceTaken extends Error {
  override readonly name = 'PlaceTaken'
  constructor(dir: string) {
    super(`--dir: ${dir} exists; name a directory that does not, the demo makes it`)
  }
}
