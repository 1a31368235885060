/**
 * Before a restore that comes late: whether somebody else has worked there since. People mend things by hand while Steward or the host is away, and
 * what they did must not be overwritten; they are shown what was before, what the action left, and what is there now.
 */
import { findAction } from '../../domain/catalogue/catalogue.ts'
import { keepContents, printContent } from '../../domain/catalogue/common/contents.ts'
import { printSnapshot } from '../../domain/catalogue/common/snapshot.ts'
import type { Program } from '../../domain/catalogue/program.ts'
import type { ForeignChange } from '../../domain/incident/events.ts'
import { changedByOthers, type Foreign, inWords } from '../../domain/plan/restorable.ts'
import type { TextDiff } from '../../domain/ports/text-diff.ts'
import type { ActionRef, Restorable, Touched } from '../../domain/processes/effects.ts'
import { protect } from '../../domain/protected.ts'
import { probe } from './probing.ts'
import type { Reached } from './reach.ts'
import { readFiles, readSettings, settingsOf } from './state-vector.ts'

type Looked = Pick<Touched, 'action' | 'before'>

/** Files and settings as they are now; undefined when one of them cannot be read. */
export async function readRestorable({ action, before }: Looked, reached: Reached, signal: AbortSignal): Promise<Restorable | undefined> {
  const files = await readFiles(Object.keys(before.files), reached, signal)
  const settings = Object.keys(before.settings).length === 0 ? {} : await settingsNow(action, reached, signal)
  return files && settings && { files, settings }
}

async function settingsNow({ id, params }: ActionRef, reached: Reached, signal: AbortSignal) {
  const action = findAction(id)?.bind(params)
  const { output } = action ? await probe(reached, action.precondition, signal) : {}
  const prepared = output && action?.given(output)
  return prepared && readSettings(settingsOf(prepared.snapshot), reached, signal)
}

/** What a step of the fix left, seen at once; its contents are kept on the host, so that they can be compared later. */
export async function readLeft(touched: Looked, reached: Reached, signal: AbortSignal): Promise<Restorable | null> {
  try {
    const left = await readRestorable(touched, reached, signal)
    const kept = Object.entries(left?.files ?? {}).flatMap(([path, { sha256 }]) => (sha256 ? [path] : []))
    if (kept.length > 0) await reached.execute(keepContents(reached.target.registration.stateDir, kept), { signal })
    return left ?? null
  } catch {
    // The step has ended, and how is known: that must be recorded, whatever comes of looking.
    return null
  }
}

/** The most differences that an incident shows, and the longest of them: somebody is to be told, not sent a copy of the host. */
const SHOWN = { differences: 8, length: 2_000 } as const

/** What a restore would overwrite of somebody else's work; undefined when that cannot be seen. */
export async function foreignChanges(
  touched: Touched,
  executionId: string,
  reached: Reached,
  diff: TextDiff,
  signal: AbortSignal,
): Promise<readonly ForeignChange[] | undefined> {
  const now = await readRestorable(touched, reached, signal)
  if (!now) return undefined
  const changes: ForeignChange[] = []
  for (const [index, foreign] of changedByOthers(touched, now).entries()) {
    if (foreign.kind === 'setting') {
      const [before, left, is] = [foreign.before, foreign.left, foreign.now].map((value) => protect(value, 200).text)
      changes.push({ what: `setting ${foreign.name}`, before: before ?? '', left: left ?? '', now: is ?? '' })
      continue
    }
    const words = { before: inWords(foreign.before), left: inWords(foreign.left), now: inWords(foreign.now) }
    const shown = index < SHOWN.differences ? await differences(foreign, executionId, reached, diff, signal) : {}
    changes.push({ what: `file ${foreign.path}`, ...words, ...shown })
  }
  return changes
}

async function differences(
  { path, left, now }: Extract<Foreign, { kind: 'file' }>,
  executionId: string,
  reached: Reached,
  diff: TextDiff,
  signal: AbortSignal,
): Promise<Pick<ForeignChange, 'sinceBefore' | 'sinceLeft'>> {
  const { stateDir } = reached.target.registration
  const text = async (program: Program): Promise<string | undefined> => {
    const output = await reached.execute(program, { signal })
    return output.kind === 'text' && output.exitCode === 0 && !output.cut ? output.stdout : undefined
  }
  const is = now['kind'] === 'file' ? await text({ kind: 'exec', argv: ['cat', '--', path] }) : undefined
  if (is === undefined) return {}
  const was = await text(printSnapshot(stateDir, executionId, path))
  const sha256 = left['sha256']
  const ours = typeof sha256 === 'string' && sha256 !== '' ? await text(printContent(stateDir, sha256)) : undefined
  const since = (earlier: string) => protect(diff.unified(path, earlier, is), SHOWN.length)
  return {
    ...(was === undefined ? {} : { sinceBefore: since(was) }),
    ...(ours === undefined ? {} : { sinceLeft: since(ours) }),
  }
}
