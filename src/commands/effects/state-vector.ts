/** Everything that a rollback has to bring back, read from the host as it is now. */

import type { SnapshotItem } from '../../domain/catalogue/action.ts'
import type { BoundAction, Prepared } from '../../domain/catalogue/bound-action.ts'
import type { FileState } from '../../domain/catalogue/common/file-state.ts'
import { parseFileStates, readFileStates } from '../../domain/catalogue/common/read-file-states.ts'
import type { JsonObject } from '../../domain/ports/json.ts'
import type { StateVector } from '../../domain/processes/effects.ts'
import { probe, probeHealth } from './probing.ts'
import type { Reached } from './reach.ts'

export const filesOf = (snapshot: readonly SnapshotItem[]): readonly string[] =>
  snapshot.flatMap((item) => (item.kind === 'file' ? [item.path] : []))

export type Setting = Extract<SnapshotItem, { kind: 'setting' }>
export const settingsOf = (snapshot: readonly SnapshotItem[]): readonly Setting[] =>
  snapshot.flatMap((item) => (item.kind === 'setting' ? [item] : []))

/** Undefined when a file or a setting cannot be read: then nothing could be proven afterwards. */
export async function readStateVector(
  { snapshot }: Pick<Prepared, 'snapshot'>,
  { precondition }: Pick<BoundAction, 'precondition'>,
  reached: Reached,
  signal: AbortSignal,
): Promise<StateVector | undefined> {
  const files = await readFiles(filesOf(snapshot), reached, signal)
  const settings = await readSettings(settingsOf(snapshot), reached, signal)
  if (!files || !settings) return undefined
  const health = await probeHealth(reached, signal)
  const fault = await probe(reached, precondition, signal)
  return { files, settings, health: health.level, precondition: fault.verdict.kind }
}

export async function readFiles(
  paths: readonly string[],
  reached: Reached,
  signal: AbortSignal,
): Promise<Readonly<Record<string, JsonObject>> | undefined> {
  if (paths.length === 0) return {}
  const watched = paths.map((path) => ({ path, scope: 'one' }) as const)
  const states = parseFileStates(await reached.execute(readFileStates(watched), { signal }))
  if (!states || states.files.some(({ kind }) => kind === 'unseen')) return undefined
  return Object.fromEntries(states.files.map((state) => [state.path, comparable(state)]))
}

export async function readSettings(
  settings: readonly Setting[],
  reached: Reached,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>> | undefined> {
  const found: Record<string, string> = {}
  for (const { name, read, value } of settings) {
    const is = value(await reached.execute(read, { signal }))
    if (is === undefined) return undefined
    found[name] = is
  }
  return found
}

/** Without the times: they tell that somebody worked there, not what the file is. */
const comparable = ({ kind, mode, uid, gid, link, sha256, attributes }: FileState): JsonObject => ({
  kind,
  mode,
  uid,
  gid,
  link,
  sha256,
  attributes,
})
