/** What each file or setting is now and would be afterwards: hashes that the host computes over every byte, and a difference for a person. Changes nothing. */
import type { HashedText } from '../../domain/catalogue/action.ts'
import type { Prepared } from '../../domain/catalogue/bound-action.ts'
import { sha256 } from '../../domain/catalogue/common/contents.ts'
import { SETTLED_AFTER_SECONDS } from '../../domain/catalogue/common/params.ts'
import { parseFileStates, readFileStates } from '../../domain/catalogue/common/read-file-states.ts'
import type { Output } from '../../domain/catalogue/program.ts'
import type { FileChange } from '../../domain/plan/plan.ts'
import type { TextDiff } from '../../domain/ports/text-diff.ts'
import type { Reached } from './reach.ts'

/** `modifiedAt` in seconds of the host's clock; undefined: the file is missing, and nothing tells since when. */
export type PreviewedChange = FileChange & Readonly<{ text: string; modifiedAt: number | undefined; of: 'file' | 'setting' }>

/** Undefined: something could not be read. A file that is missing now has an empty hash. */
export async function previewChanges(
  { previews, settingPreviews }: Pick<Prepared, 'previews' | 'settingPreviews'>,
  reached: Reached,
  diff: TextDiff,
  signal: AbortSignal,
): Promise<readonly PreviewedChange[] | undefined> {
  const settings = await previewSettings({ settingPreviews }, reached, diff, signal)
  if (previews.length === 0 || settings === undefined) return settings
  const watched = previews.map(({ path }) => ({ path, scope: 'one' }) as const)
  const states = parseFileStates(await reached.execute(readFileStates(watched), { signal }))
  const changes: PreviewedChange[] = []
  for (const { path, content, sha256: hashed } of previews) {
    const state = states?.files.find((each) => each.path === path)
    if (!state || (state.kind !== 'missing' && state.sha256 === '')) return undefined
    const isThere = state.kind !== 'missing'
    const now = isThere ? wholeText(await reached.execute({ kind: 'exec', argv: ['cat', '--', path] }, { signal })) : ''
    const next = wholeText(await reached.execute(content, { signal }))
    const sha256After = hashIn(await reached.execute(hashed, { signal }))
    if (now === undefined || next === undefined || sha256After === undefined) return undefined
    const isShown = now !== TOO_LONG && next !== TOO_LONG
    changes.push({
      path,
      sha256Before: state.sha256,
      sha256After,
      modifiedAt: isThere ? state.modifiedAt : undefined,
      of: 'file',
      text: isShown ? diff.unified(path, now, next) : `${path} is too large for its difference to be shown.\n`,
    })
  }
  return [...changes, ...settings]
}

/** When a setting was changed is a fact of the action's own probe, and part of its risk. */
async function previewSettings(
  { settingPreviews }: Pick<Prepared, 'settingPreviews'>,
  reached: Reached,
  diff: TextDiff,
  signal: AbortSignal,
): Promise<readonly PreviewedChange[] | undefined> {
  const changes: PreviewedChange[] = []
  const print = async ({ print }: HashedText) => wholeText(await reached.execute(print, { signal }))
  for (const { setting, now, next } of settingPreviews) {
    const [is, becomes] = [await print(now), await print(next)]
    if (typeof is !== 'string' || typeof becomes !== 'string') return undefined
    const text = diff.unified(setting, is, becomes)
    changes.push({ path: setting, sha256Before: now.sha256, sha256After: next.sha256, modifiedAt: undefined, of: 'setting', text })
  }
  return changes
}

const TOO_LONG = Symbol('too long')

/** A text that was cut would show lines as removed that are all there. */
function wholeText(output: Output): string | typeof TOO_LONG | undefined {
  if (output.kind !== 'text' || output.exitCode !== 0) return undefined
  return output.cut ? TOO_LONG : output.stdout
}

const hashIn = (output: Output): string | undefined =>
  output.kind === 'text' && output.exitCode === 0 ? sha256.safeParse(output.stdout.trim()).data : undefined

/** A file that would change was changed a moment ago, by the host's own clock, or is gone: somebody may be working there, and nothing runs alone. */
export async function isBeingWorkedOn(changes: readonly PreviewedChange[], reached: Reached, signal: AbortSignal): Promise<boolean> {
  const changing = changes.filter(({ of, sha256Before, sha256After }) => of === 'file' && sha256Before !== sha256After)
  if (changing.length === 0) return false
  const said = await reached.execute({ kind: 'exec', argv: ['date', '+%s'] }, { signal })
  const now = said.kind === 'text' && said.exitCode === 0 && /^\d+\n?$/.test(said.stdout) ? Number(said.stdout) : undefined
  return changing.some(({ modifiedAt }) => now === undefined || modifiedAt === undefined || now - modifiedAt < SETTLED_AFTER_SECONDS)
}
