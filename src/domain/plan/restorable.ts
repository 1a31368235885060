/**
 * What a restore would overwrite, compared with the forms that it may be found in when nobody but us has been there: as it was before the action,
 * as the steps were meant to leave it, and as they were seen to leave it. Any other form is somebody else's work.
 */
import type { Leaves } from '../catalogue/action.ts'
import type { JsonObject } from '../ports/json.ts'
import type { Restorable, Touched } from '../processes/effects.ts'
import type { FileChange } from './plan.ts'

/** How everything is meant to stand after the steps; what they do not change stays as it was. */
export function meantAfter(
  before: Restorable,
  { files: leftFiles = [], settings: leftSettings = {} }: Leaves,
  changes: readonly FileChange[],
): Restorable {
  const files = Object.entries(before.files).map(([path, was]): readonly [string, JsonObject] => {
    const change = changes.find((each) => each.path === path)
    const left = leftFiles.find((each) => each.path === path)
    const isNew = was['kind'] === 'missing'
    const owned = left && (isNew || !left.onlyIfMissing) ? { mode: octal(left.mode), uid: left.uid, gid: left.gid } : {}
    return [path, { ...was, ...(change ? { sha256: change.sha256After } : {}), ...owned, ...(isNew && change ? { kind: 'file' } : {}) }]
  })
  const settings = Object.entries(before.settings).map(([name, was]) => [name, leftSettings[name] ?? was] as const)
  return { files: Object.fromEntries(files), settings: Object.fromEntries(settings) }
}

/** As `stat` prints it: a recorded mode may begin with zeros. */
const octal = (mode: string): string => Number.parseInt(mode, 8).toString(8)

export type Foreign =
  | Readonly<{ kind: 'file'; path: string; before: JsonObject; left: JsonObject; now: JsonObject }>
  | Readonly<{ kind: 'setting'; name: string; before: string; left: string; now: string }>

/** What is now in a form that neither the action nor the time before it knows. */
export function changedByOthers({ before, meant, seen }: Pick<Touched, 'before' | 'meant' | 'seen'>, now: Restorable): readonly Foreign[] {
  const files = Object.entries(before.files).flatMap(([path, was]): readonly Foreign[] => {
    const is = now.files[path] ?? { kind: 'unseen' }
    const saw = seen?.files[path]
    const plan = meant.files[path] ?? was
    const isOurs = isSame(was, is) || (saw !== undefined && isSame(saw, is)) || isSame({ ...plan, attributes: '' }, is)
    return isOurs ? [] : [{ kind: 'file', path, before: was, left: saw ?? plan, now: is }]
  })
  const settings = Object.entries(before.settings).flatMap(([name, was]): readonly Foreign[] => {
    const is = now.settings[name] ?? 'unknown'
    const left = seen?.settings[name] ?? meant.settings[name] ?? was
    return is === was || is === left || is === meant.settings[name] ? [] : [{ kind: 'setting', name, before: was, left, now: is }]
  })
  return [...files, ...settings]
}

/** A host without `getfattr` says nothing of extended attributes, and a file that may not be read has no hash: then they are not compared. */
const isSame = (a: JsonObject, b: JsonObject): boolean =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].every(
    (field) => a[field] === b[field] || ((field === 'attributes' || field === 'sha256') && (!a[field] || !b[field])),
  )

/** A state in a few words. */
export function inWords(state: JsonObject): string {
  const { kind, mode, uid, gid, link, sha256 } = state
  if (kind === 'missing' || kind === 'unseen') return kind
  const what = kind === 'link' ? `a link to ${String(link)}` : `a ${String(kind)} of mode ${String(mode)}`
  const content = typeof sha256 === 'string' && sha256 !== '' ? `, sha256 ${sha256.slice(0, 12)}` : ''
  return `${what}, owner ${String(uid)}:${String(gid)}${content}`
}
