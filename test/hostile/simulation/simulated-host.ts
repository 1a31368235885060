/**
 * A host with marks on its disk that outlive every instance. Its programs run for a while; a connection may be cut before, during or after, and
 * the program goes on. It counts what really happened, so that the invariants need not believe the log.
 */
import type { Output } from '../../../src/domain/catalogue/program.ts'
import {
  HostUnreachable,
  type Mark,
  MarkTaken,
  type RemoteHost,
  type RemoteHosts,
  RemoteOutcomeUnknown,
} from '../../../src/domain/ports/remote-host.ts'
import type { Life } from './life.ts'
import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'

/** The fix works, fails, or leaves the fault; the restore always works. */
export type SimulatedService = { faultPresent: boolean; changed: boolean; fixWorks: boolean; stepExitCode: number }

type MarkEntry = { state: 'void' | 'running' | 'ended' | 'lost'; exitCode: number }

export class SimulatedHost {
  readonly marks = new Map<string, MarkEntry>()
  /** How often somebody asked for a step to be run, and how often it ran. */
  readonly asked = new Map<string, number>()
  readonly ran = new Map<string, number>()
  readonly #scheduler: Scheduler
  readonly #random: Random
  /** By target. */
  readonly services = new Map<string, SimulatedService>()

  constructor({ scheduler, random }: { scheduler: Scheduler; random: Random }) {
    this.#scheduler = scheduler
    this.#random = random
  }

  /** The host as one instance sees it. */
  seenBy(life: Life): RemoteHosts {
    const remote: RemoteHost = {
      execute: (program, { mark }) => {
        const name = mark ? `run ${keyOf(mark)}` : 'probe'
        return life.at(name, () => this.#execute(program.kind === 'script' ? (program.args[0] ?? '') : '', mark))
      },
      settle: (mark) =>
        life.at(`settle ${keyOf(mark)}`, async () => {
          if (this.#random.chance(0.05)) throw new HostUnreachable({ hostId: 'simulated', rule: 'timeout' })
          const entry = this.marks.get(keyOf(mark))
          if (!entry) this.marks.set(keyOf(mark), { state: 'void', exitCode: 0 })
          switch (entry?.state) {
            case undefined:
            case 'void':
              return { kind: 'void' } as const
            case 'running':
              return { kind: 'running' } as const
            case 'ended':
              return { kind: 'ended', exitCode: entry.exitCode } as const
            case 'lost':
              return { kind: 'unknown', rebooted: false } as const
          }
        }),
      follow: () => {
        throw new Error('the simulation has no logs')
      },
      close: async () => undefined,
    }
    return {
      open: () => remote,
      scanHostKey: async () => ({ key: 'ssh-ed25519 simulated', fingerprint: 'SHA256:simulated' }),
      forget: async () => undefined,
      close: async () => undefined,
    }
  }

  async #execute(targetId: string, mark: Mark | undefined): Promise<Output> {
    if (!mark) return { kind: 'text', exitCode: 1, stdout: '', stderr: '' }
    const key = keyOf(mark)
    this.asked.set(key, (this.asked.get(key) ?? 0) + 1)
    if (this.#random.chance(0.05)) throw new HostUnreachable({ hostId: 'simulated', rule: 'refused' })
    if (this.marks.has(key)) throw new MarkTaken({ mark })
    const entry: MarkEntry = { state: 'running', exitCode: 0 }
    this.marks.set(key, entry)
    const finished = this.#runs(key, entry, targetId)
    // The connection is cut; the program does not notice.
    if (this.#random.chance(0.1)) throw new RemoteOutcomeUnknown({ doing: 'simulated' })
    await finished
    if (this.#random.chance(0.05)) throw new RemoteOutcomeUnknown({ doing: 'simulated, after the end' })
    return { kind: 'text', exitCode: entry.exitCode, stdout: '', stderr: '' }
  }

  async #runs(key: string, entry: MarkEntry, targetId: string): Promise<void> {
    await this.#scheduler.clock.sleep(10 + this.#random.below(8_000))
    this.ran.set(key, (this.ran.get(key) ?? 0) + 1)
    const restores = key.includes('restore-')
    const service = this.services.get(targetId)
    if (!service) throw new Error(`no service of ${targetId}`)
    service.changed = !restores
    if (!restores && service.fixWorks && service.stepExitCode === 0) service.faultPresent = false
    entry.exitCode = restores ? 0 : service.stepExitCode
    entry.state = this.#random.chance(0.03) ? 'lost' : 'ended'
  }
}

export const keyOf = ({ executionId, step }: Pick<Mark, 'executionId' | 'step'>): string => `${executionId}/${step}`
