/**
 * Limits by a scope of systemd per run: systemd makes the control group where nobody gave us a part of the hierarchy. `systemd-run --scope`
 * becomes the program itself, so the process that we started stays the one we know.
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ProcessLimits } from '../../../domain/server/config.ts'
import type { Mark } from '../mark.ts'
import { findHierarchy, killMembers, membersBelow, setIn, textIn } from './cgroup-directory.ts'
import type { Confinement, Limiter } from './limiter.ts'
import { unconfined } from './rlimit.ts'

const run = promisify(execFile)

type Manager = Readonly<{ whose: '--system' | '--user'; env: Readonly<Record<string, string>> }>

const PATIENCE_MS = 5_000

/** How a user's manager is found. */
const reachable = ({ XDG_RUNTIME_DIR }: NodeJS.ProcessEnv): Readonly<Record<string, string>> =>
  XDG_RUNTIME_DIR === undefined ? {} : { XDG_RUNTIME_DIR }

function scope({ whose }: Manager, unit: string, { memoryBytes, processes, cpuCores }: ProcessLimits): readonly string[] {
  return [
    ...['systemd-run', whose, '--scope', '--quiet', `--unit=${unit}`],
    ...(memoryBytes === undefined ? [] : [`--property=MemoryMax=${memoryBytes}`]),
    ...(processes === undefined ? [] : [`--property=TasksMax=${processes}`]),
    ...(cpuCores === undefined ? [] : [`--property=CPUQuota=${Math.max(1, Math.round(cpuCores * 100))}%`]),
    '--',
  ]
}

/** Of the system for root, of the user for everybody else. Whether it works is for a trial to show. */
export function openScopes(mark: Mark, { isRoot, env }: { isRoot: boolean; env: NodeJS.ProcessEnv }): Limiter {
  const manager: Manager = { whose: isRoot ? '--system' : '--user', env: reachable(env) }
  const systemctl = (...args: string[]): Promise<string> =>
    run('systemctl', [manager.whose, ...args], { env: { PATH: env['PATH'], ...manager.env }, timeout: PATIENCE_MS }).then(({ stdout }) =>
      stdout.trim(),
    )

  async function confine(runId: string, limits: ProcessLimits): Promise<Confinement> {
    const unit = `steward-${mark.place}-${mark.life}-${runId}`
    let directory: string | undefined
    const members = (): number[] => (directory === undefined ? [] : membersBelow(directory))
    return {
      ...unconfined(limits, { countsProcesses: false }),
      prefix: scope(manager, unit, limits),
      env: manager.env,
      async started(pid) {
        const hierarchy = await findHierarchy(undefined)
        const group = textIn(`/proc/${pid}`, 'cgroup')
          ?.split('\n')
          .find((line) => line.startsWith('0::'))
          ?.slice(3)
        // Before systemd has answered it is still in our own group, and that must never be taken for the program's.
        if (hierarchy !== undefined && group?.endsWith(`/${unit}.scope`)) directory = join(hierarchy.mount, group)
        return directory
      },
      members,
      kill() {
        if (directory === undefined) return
        try {
          setIn(directory, 'cgroup.kill', '1')
        } catch {
          killMembers(members())
        }
      },
      // The group goes with its last process; systemd remembers why.
      ranOutOfMemory: () =>
        systemctl('show', '--property=Result', '--value', `${unit}.scope`).then(
          (result) => result === 'oom-kill',
          () => undefined,
        ),
      async release() {
        await systemctl('reset-failed', `${unit}.scope`).catch(() => undefined)
      },
    }
  }

  return {
    method: 'systemd-scope',
    keeps: ['memoryBytes', 'processes', 'cpuCores', 'openFiles'],
    contains: true,
    says: `a scope of systemd for each run (systemd-run ${manager.whose} --scope)`,
    directories: [],
    confine,
    async sweep() {
      const units = `steward-${mark.place}-*.scope`
      const listed = await systemctl('list-units', '--plain', '--no-legend', '--type=scope', units).catch(() => '')
      const names = listed
        .split('\n')
        .flatMap((line) => line.split(/\s+/).slice(0, 1))
        .filter((name) => name.endsWith('.scope'))
      const old = names.filter((name) => !name.startsWith(`steward-${mark.place}-${mark.life}-`))
      if (old.length === 0) return 0
      await systemctl('kill', '--signal=SIGKILL', ...old).catch(() => undefined)
      await systemctl('reset-failed', ...old).catch(() => undefined)
      return old.length
    },
    close: async () => undefined,
  }
}
