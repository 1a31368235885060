/**
 * Whether a service's own account can reach a file, and where the way down to it differs from the recorded baseline.
 * Shared by the actions that restore permissions: they give back what was recorded, and nothing else.
 */
import { z } from 'zod'
import type { Action } from '../action.ts'
import { absolutePath } from '../inventory.ts'
import type { Output, Program } from '../program.ts'
import { mode, ownerId } from './contents.ts'
import { SETTLED_AFTER_SECONDS } from './params.ts'
import { count, type Line, lines } from './text-facts.ts'

/** One step of the way, as the baseline has it. */
export const wayPoint = z.strictObject({ path: absolutePath, mode, uid: ownerId, gid: ownerId })
export type WayPoint = Readonly<z.infer<typeof wayPoint>>

/** From a root down to what should be reached, each directly below the one before. */
export const way = z
  .array(wayPoint)
  .min(1)
  .max(64)
  .refine((points) => points.every((point, index) => index === 0 || isDirectlyBelow(point.path, points[index - 1]?.path ?? '')), {
    error: 'must lead down step by step',
  })

const isDirectlyBelow = (path: string, parent: string): boolean => path.slice(0, path.lastIndexOf('/')) === parent.replace(/\/$/, '')

export type Access = Readonly<{
  /** As the service's account: tried with its own ids, or computed from the mode bits where we may not try. */
  granted: boolean
  /** What the recorded modes and owners would grant it. */
  grantedByBaseline: boolean
  place: 'inside' | 'unseen' | 'outside'
  /** Points that differ from the baseline. */
  deviating: readonly string[]
  /** Points that are not what may be restored: a link, a device, missing, or under an access control list. */
  obstacles: readonly string[]
  youngestChangeSeconds: number
}>

export type Want = 'read' | 'write'

/** Whose account: a worker of the process in the pid file, that process itself, or fixed ids. */
export type Whose = Readonly<{ kind: 'worker' | 'process'; pidFile: string }> | Readonly<{ kind: 'account'; uid: number; gid: number }>

export const readAccess = (whose: Whose, want: Want, points: readonly WayPoint[]): Program => ({
  kind: 'script',
  script: 'common/read-access.sh',
  args: [
    whose.kind,
    whose.kind === 'account' ? `${whose.uid}:${whose.gid}` : whose.pidFile,
    want,
    points[0]?.path ?? '/',
    ...points.map(({ path }) => path),
  ],
})

/** `root` is where the way begins: every point must still lie below it, reached without a link. */
export const restoreModes = (root: WayPoint | undefined, points: readonly WayPoint[]): Program => ({
  kind: 'script',
  script: 'common/restore-modes.sh',
  args: [root?.path ?? '/', ...points.flatMap((point) => [point.path, point.mode, String(point.uid), String(point.gid)])],
})

/** The points that a step changes, and so the ones that a snapshot must hold: only what was seen to differ. */
export const pointsToRestore = (points: readonly WayPoint[], { deviating }: Access): readonly WayPoint[] =>
  points.filter(({ path }) => deviating.includes(path))

type Account = Readonly<{ uid: number; groups: readonly number[] }>
type Present = Readonly<{ kind: string; mode: string; uid: number; gid: number; changedAt: number; acl: boolean }>

export function parseAccess(output: Output, points: readonly WayPoint[], want: Want): Access | undefined {
  const all = lines(output)
  const find = (key: string): Line | undefined => all?.find((line) => line.has(key))
  const now = count(find('now'), 'now')
  const account = accountOf(find('account'))
  const tried = find('access')?.get('access')
  const place = find('place')?.get('place')
  if (now === undefined || account === undefined) return undefined
  if (place !== 'inside' && place !== 'outside' && place !== 'unseen') return undefined
  const present = points.map((_point, index) => presentOf(all?.find((line) => line.get('entry') === String(index))))
  if (present.some((point) => point === undefined)) return undefined

  const granted = tried === 'yes' || (tried === 'unknown' && grants(present, account, want))
  const deviating = points.filter((point, index) => isVisible(present[index]) && !isAsRecorded(point, present[index]))
  const changes = present.flatMap((point) => (isVisible(point) ? [now - (point?.changedAt ?? 0)] : []))
  return {
    granted,
    grantedByBaseline: grants(points.map(asPresent(present)), account, want),
    place,
    deviating: deviating.map(({ path }) => path),
    obstacles: points.filter((_point, index) => isObstacle(present[index])).map(({ path }) => path),
    youngestChangeSeconds: Math.max(0, Math.min(...changes, Number.MAX_SAFE_INTEGER)),
  }
}

/** The fault: the account is shut out, the baseline would let it in, and the way differs from the baseline in nothing that we may not restore. */
export const isShutOut = (facts: Access): boolean =>
  !facts.granted && facts.grantedByBaseline && facts.deviating.length > 0 && facts.obstacles.length === 0 && facts.place !== 'outside'

export const isLetIn = (facts: Access): boolean =>
  facts.granted && facts.deviating.length === 0 && facts.obstacles.length === 0 && facts.place === 'inside'

/** Back to the baseline is of medium risk, unless somebody is working there, or the baseline itself lets everybody write. */
export const riskOfRestoring = (points: readonly WayPoint[], facts: Access): ReturnType<Action<never, never>['risk']> =>
  facts.youngestChangeSeconds < SETTLED_AFTER_SECONDS || points.some((point) => (Number.parseInt(point.mode, 8) & 0o002) !== 0)
    ? 'high'
    : 'medium'

function accountOf(line: Line | undefined): Account | undefined {
  const [uid, gid] = [count(line, 'uid'), count(line, 'gid')]
  if (uid === undefined || gid === undefined) return undefined
  const others = (line?.get('groups') ?? '').split(',').filter((group) => group !== '')
  return { uid, groups: [gid, ...others.map(Number)] }
}

function presentOf(line: Line | undefined): Present | undefined {
  const kind = line?.get('kind')
  if (kind === undefined) return undefined
  if (kind !== 'f' && kind !== 'd') return { kind, mode: '0', uid: -1, gid: -1, changedAt: 0, acl: false }
  const [uid, gid, changedAt, bits] = [count(line, 'uid'), count(line, 'gid'), count(line, 'changed'), line?.get('mode')]
  if (uid === undefined || gid === undefined || changedAt === undefined || bits === undefined) return undefined
  return { kind, mode: bits, uid, gid, changedAt, acl: line?.get('acl') === 'yes' }
}

const isVisible = (point: Present | undefined): boolean => point !== undefined && (point.kind === 'f' || point.kind === 'd')

const isAsRecorded = (recorded: WayPoint, present: Present | undefined): boolean =>
  present !== undefined &&
  Number.parseInt(recorded.mode, 8) === Number.parseInt(present.mode, 8) &&
  recorded.uid === present.uid &&
  recorded.gid === present.gid

/** What lies below a closed directory cannot be seen before it is opened; that alone is no obstacle. */
const isObstacle = (point: Present | undefined): boolean => point === undefined || point.acl || !['f', 'd', 'unseen'].includes(point.kind)

const asPresent =
  (present: readonly (Present | undefined)[]) =>
  (point: WayPoint, index: number, all: readonly WayPoint[]): Present => {
    const seen = present[index]
    const kind = seen !== undefined && isVisible(seen) ? seen.kind : index < all.length - 1 ? 'd' : 'f'
    return { kind, mode: point.mode, uid: point.uid, gid: point.gid, changedAt: 0, acl: false }
  }

/** The permission check of POSIX: one class decides, root passes; directories on the way need to be searchable. */
function grants(points: readonly (Present | undefined)[], account: Account, want: Want): boolean {
  if (account.uid === 0) return points.every(isVisible)
  const bit = want === 'read' ? 4 : 2
  return points.every((point, index) => {
    if (point === undefined || !isVisible(point)) return false
    const isLast = index === points.length - 1
    const needed = !isLast ? 1 : point.kind === 'd' ? bit | 1 : bit
    const bits = Number.parseInt(point.mode, 8)
    const own = point.uid === account.uid ? bits >> 6 : account.groups.includes(point.gid) ? bits >> 3 : bits
    return (own & needed) === needed
  })
}
