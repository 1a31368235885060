/**
 * Limits by the separate hierarchies of the first version, as older systems and many containers have them. Every run has a group of its own in
 * each; the one that counts processes also holds them together.
 */
import { join } from 'node:path'
import type { ProcessLimits } from '../../../domain/server/config.ts'
import type { Mark } from '../mark.ts'
import { countIn, findHierarchy, killMembers, makeGroup, membersBelow, removeGroup, setIn, sweepGroups } from './cgroup-directory.ts'
import { CONTROLLERS, type Controller, cpuQuota, KEPT_BY } from './controllers.ts'
import type { Confinement, Limiter, Tried } from './limiter.ts'
import { unconfined } from './rlimit.ts'

type Place = Readonly<{ controller: Controller; base: string; ofLife: string }>

export async function tryCgroupV1(mark: Mark, { underSystemd }: { underSystemd: boolean }): Promise<Tried> {
  if (underSystemd) return { unavailable: 'the groups of cgroup v1 belong to systemd' }
  const places: Place[] = []
  const refused: string[] = []
  for (const controller of CONTROLLERS) {
    const hierarchy = await findHierarchy(controller)
    if (hierarchy === undefined) continue
    const base = join(hierarchy.ownDirectory, `steward-${mark.place}`)
    const ofLife = join(base, mark.life)
    try {
      await makeGroup(ofLife)
      places.push({ controller, base, ofLife })
    } catch (error) {
      refused.push(`${controller}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  if (places.length === 0) {
    return { unavailable: refused.length === 0 ? 'there is no cgroup v1 here' : `cgroup v1 lets us make no group (${refused.join('; ')})` }
  }
  return { limiter: openCgroupV1(places) }
}

function openCgroupV1(places: readonly Place[]): Limiter {
  const keeps = [...places.map(({ controller }) => KEPT_BY[controller]), 'openFiles' as const]

  async function confine(runId: string, limits: ProcessLimits): Promise<Confinement> {
    // All groups of ours have together the weight of one program outside: only who is limited has to share it.
    const groups = places
      .filter(({ controller }) => controller !== 'cpu' || limits.cpuCores !== undefined)
      .map(({ controller, ofLife }) => ({ controller, directory: join(ofLife, runId) }))
    const directories = groups.map(({ directory }) => directory)
    const release = async (): Promise<void> => {
      for (const directory of directories) await removeGroup(directory)
    }
    try {
      for (const { controller, directory } of groups) {
        await makeGroup(directory)
        limit(controller, directory, limits)
      }
    } catch (error) {
      await release()
      throw error
    }
    const members = (): number[] => [...new Set(directories.flatMap((directory) => membersBelow(directory)))]
    return {
      ...unconfined(limits, { countsProcesses: false }),
      groupFiles: directories.map((directory) => join(directory, 'cgroup.procs')),
      members,
      kill() {
        for (const { controller, directory } of groups) if (controller === 'pids') forkNoMore(directory)
        killMembers(members())
      },
      ranOutOfMemory() {
        const memory = groups.find(({ controller }) => controller === 'memory')
        return memory === undefined ? undefined : (countIn(memory.directory, 'memory.oom_control', 'oom_kill') ?? 0) > 0
      },
      release,
    }
  }

  async function sweep(): Promise<number> {
    let swept = 0
    for (const { base, ofLife } of places) {
      swept += await sweepGroups(base, { except: ofLife, kill: (directory) => killMembers(membersBelow(directory)) })
    }
    return swept
  }

  return {
    method: 'cgroup-v1',
    keeps,
    contains: true,
    says: `control groups (cgroup v1): ${keeps.join(', ')}`,
    directories: places.map(({ ofLife }) => ofLife),
    confine,
    sweep,
    close: async () => {
      for (const { base, ofLife } of places) {
        await removeGroup(ofLife)
        // Another life may still be on its way out below it.
        await removeGroup(base).catch(() => undefined)
      }
    },
  }
}

function limit(controller: Controller, directory: string, { memoryBytes, processes, cpuCores }: ProcessLimits): void {
  if (controller === 'memory' && memoryBytes !== undefined) setIn(directory, 'memory.limit_in_bytes', String(memoryBytes))
  if (controller === 'pids' && processes !== undefined) setIn(directory, 'pids.max', String(processes))
  if (controller === 'cpu' && cpuCores !== undefined) {
    const { quotaUs, periodUs } = cpuQuota(cpuCores)
    setIn(directory, 'cpu.cfs_period_us', String(periodUs))
    setIn(directory, 'cpu.cfs_quota_us', String(quotaUs))
  }
}

/** What cannot fork cannot outrun its killer. */
function forkNoMore(directory: string): void {
  try {
    setIn(directory, 'pids.max', '0')
  } catch {
    // It has gone.
  }
}
