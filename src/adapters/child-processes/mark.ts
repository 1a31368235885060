/**
 * The mark that every program of the fleet, and whatever descends from it, carries in its environment: `STEWARD_RUN=<place>:<life>:<runId>`.
 * The place is the data directory, so that two Stewards on one machine never touch each other's programs; the life is this run of Steward, so
 * that the watchdog of a Steward that was killed leaves alone what the next one has started meanwhile.
 */
import { createHash, randomBytes } from 'node:crypto'
import { realpath, stat } from 'node:fs/promises'

export const MARK_VARIABLE = 'STEWARD_RUN'

export type Mark = Readonly<{ place: string; life: string }>

/** The inode belongs to it: two containers may both call their directory /data, and the machine around them sees the programs of both. */
export async function markOf(dataDirectory: string): Promise<Mark> {
  const path = await realpath(dataDirectory)
  const { dev, ino } = await stat(path)
  const place = createHash('sha256').update(`${path}\0${dev}\0${ino}`).digest('hex').slice(0, 16)
  return { place, life: randomBytes(6).toString('hex') }
}

export const markOfRun = ({ place, life }: Mark, runId: string): string => `${place}:${life}:${runId}`

/** It stands in an environment, in the name of a directory and in that of a systemd unit. */
export function assertRunId(runId: string): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/.test(runId)) {
    throw new RangeError(`runId must be 1 to 100 letters, digits, - and _, and begin with a letter or digit, not ${JSON.stringify(runId)}`)
  }
}
