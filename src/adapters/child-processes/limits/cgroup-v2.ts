/**
 * Limits by the unified hierarchy, where a part of it was given to us. One directory per life of Steward, below it one per run: the life's is
 * known before anything is started, so that the watchdog reaches every run, also one it was never told of.
 */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ProcessLimits } from '../../../domain/server/config.ts'
import type { Mark } from '../mark.ts'
import { factsOf } from '../process-table.ts'
import {
  countIn,
  findHierarchy,
  killMembers,
  makeGroup,
  membersBelow,
  removeGroup,
  setIn,
  sweepGroups,
  textIn,
} from './cgroup-directory.ts'
import { CONTROLLERS, type Controller, cpuQuota, KEPT_BY } from './controllers.ts'
import type { Confinement, Limiter, Tried } from './limiter.ts'
import { unconfined } from './rlimit.ts'

export async function tryCgroupV2(mark: Mark, { underSystemd }: { underSystemd: boolean }): Promise<Tried> {
  const hierarchy = await findHierarchy(undefined)
  if (hierarchy === undefined) return { unavailable: 'there is no cgroup v2 here' }
  const { ownDirectory, mount } = hierarchy
  const owner = await stat(ownDirectory).then(
    ({ uid }) => uid,
    () => undefined,
  )
  if (owner === undefined) return { unavailable: 'our group of cgroup v2 cannot be seen from here' }
  if (owner !== process.getuid?.()) return { unavailable: 'our group of cgroup v2 is not ours to divide' }
  // Root owns every group, but systemd must be the only one who divides its own.
  if (underSystemd && owner === 0) return { unavailable: 'our group of cgroup v2 belongs to systemd' }
  try {
    const controllers = await enable(ownDirectory, { isRoot: ownDirectory === mount })
    if (controllers.length === 0) return { unavailable: 'cgroup v2 is here, but without memory, pids and cpu' }
    return { limiter: await openCgroupV2(ownDirectory, mark, controllers) }
  } catch (error) {
    return { unavailable: `cgroup v2 does not let us divide our group (${error instanceof Error ? error.message : String(error)})` }
  }
}

/**
 * A group whose children have controllers may hold no processes itself. So we move into a child of our own, with what descends from us; if
 * somebody else is in there, nobody is moved: that would be meddling.
 */
async function enable(directory: string, { isRoot }: { isRoot: boolean }): Promise<readonly Controller[]> {
  const offered = words(directory, 'cgroup.controllers')
  const wanted = CONTROLLERS.filter((name) => offered.has(name))
  const enabled = words(directory, 'cgroup.subtree_control')
  if (wanted.every((name) => enabled.has(name))) return wanted
  if (!isRoot) {
    const inside = membersBelow(directory, { depth: 0 })
    if (!inside.every(isOfUs)) throw new Error('other programs run in it')
    const own = join(directory, 'steward-itself')
    await makeGroup(own)
    for (const pid of inside) setIn(own, 'cgroup.procs', String(pid))
  }
  setIn(directory, 'cgroup.subtree_control', wanted.map((name) => `+${name}`).join(' '))
  return wanted
}

const words = (directory: string, file: string): ReadonlySet<string> => new Set((textIn(directory, file) ?? '').trim().split(/\s+/))

function isOfUs(pid: number): boolean {
  for (let at = pid; at > 1; at = factsOf(at)?.parent ?? 0) if (at === process.pid) return true
  return process.pid === 1
}

export async function openCgroupV2(base: string, mark: Mark, controllers: readonly Controller[]): Promise<Limiter> {
  const place = join(base, `steward-${mark.place}`)
  const ofLife = join(place, mark.life)
  await makeGroup(ofLife)
  if (controllers.length > 0) {
    const all = controllers.map((name) => `+${name}`).join(' ')
    setIn(place, 'cgroup.subtree_control', all)
    setIn(ofLife, 'cgroup.subtree_control', all)
  }
  const keeps = [...controllers.map((name) => KEPT_BY[name]), 'openFiles' as const]

  async function confine(runId: string, limits: ProcessLimits): Promise<Confinement> {
    const directory = join(ofLife, runId)
    await makeGroup(directory)
    try {
      for (const [file, value] of settings(limits, controllers)) setIn(directory, file, value)
    } catch (error) {
      await removeGroup(directory)
      throw error
    }
    return {
      ...unconfined(limits, { countsProcesses: false }),
      groupFiles: [join(directory, 'cgroup.procs')],
      members: () => membersBelow(directory),
      kill: () => killGroup(directory),
      ranOutOfMemory: () => (countIn(directory, 'memory.events', 'oom_kill') ?? 0) > 0,
      release: () => removeGroup(directory),
    }
  }

  return {
    method: 'cgroup-v2',
    keeps,
    contains: true,
    says: `control groups (cgroup v2) below ${place}: ${keeps.join(', ')}`,
    directories: [ofLife],
    confine,
    sweep: () => sweepGroups(place, { except: ofLife, kill: killGroup }),
    close: async () => {
      await removeGroup(ofLife)
      // Another life may still be on its way out below it.
      await removeGroup(place).catch(() => undefined)
    },
  }
}

/** All of a program that ran out of memory ends together: half a program is worse than none. */
function settings(limits: ProcessLimits, controllers: readonly Controller[]): readonly (readonly [file: string, value: string])[] {
  const { memoryBytes, processes, cpuCores } = limits
  return [
    ...(memoryBytes !== undefined && controllers.includes('memory')
      ? ([
          ['memory.max', String(memoryBytes)],
          ['memory.oom.group', '1'],
        ] as const)
      : []),
    ...(processes !== undefined && controllers.includes('pids') ? [['pids.max', String(processes)] as const] : []),
    ...(cpuCores !== undefined && controllers.includes('cpu') ? [['cpu.max', cpuMax(cpuCores)] as const] : []),
  ]
}

function cpuMax(cpuCores: number): string {
  const { quotaUs, periodUs } = cpuQuota(cpuCores)
  return `${quotaUs} ${periodUs}`
}

/** All of it at once, also what forks meanwhile (since Linux 5.14); one by one where the kernel is older. */
function killGroup(directory: string): void {
  try {
    setIn(directory, 'cgroup.kill', '1')
  } catch {
    killMembers(membersBelow(directory))
  }
}
