/** What the hostile tests of the fleet share: a fleet of its own for each test, a witness, and an end that leaves nothing, whatever happened. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type OpenChildProcesses, openChildProcesses } from '../../../src/adapters/child-processes/child-processes.ts'
import type { ChildProcess, ChildReader, ChildSpec } from '../../../src/domain/ports/child-processes.ts'
import type { LimitMethod } from '../../../src/domain/server/events.ts'
import { createWitness, type Witness } from './witness.ts'

export const PROGRAM = join(import.meta.dirname, 'program.sh')

export async function scratch(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'fleet-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

export function witness(): Witness {
  const made = createWitness()
  onTestFinished(() => made.killAll())
  return made
}

export async function openFleet({ dataDirectory, limitMethod, env, maxLogBytes = 65_536 }: FleetOptions = {}): Promise<OpenChildProcesses> {
  const place = dataDirectory ?? (await scratch())
  const fleet = await openChildProcesses({ dataDirectory: place, limitMethod, closeGraceMs: 0, maxLogBytes, ...(env && { env }) })
  onTestFinished(() => fleet.close())
  return fleet
}

export type FleetOptions = Readonly<{
  dataDirectory?: string
  limitMethod?: LimitMethod | undefined
  env?: NodeJS.ProcessEnv
  maxLogBytes?: number
}>

/** A program of program.sh, with a mark of the witness. */
export function specOf(kind: string, { tag = '0', runId = `${kind}-${tag}`, more = [], ...spec }: SpecOptions = {}): ChildSpec {
  return { runId, command: 'sh', args: [PROGRAM, kind, tag, ...more], env: { FLEET_TAG: tag }, limits: {}, ...spec }
}

export type SpecOptions = Partial<ChildSpec> & Readonly<{ tag?: string; more?: readonly string[] }>

/** Remembers what comes, and lets a test wait for it. */
export function readAll(
  child: ChildProcess,
): Readonly<{ lines: string[]; ended: Promise<Parameters<ChildReader['ended']>[0]>; first: Promise<string> }> {
  const lines: string[] = []
  const ended = Promise.withResolvers<Parameters<ChildReader['ended']>[0]>()
  const first = Promise.withResolvers<string>()
  child.read({
    line(text) {
      lines.push(text)
      first.resolve(text)
    },
    ended: ended.resolve,
  })
  return { lines, ended: ended.promise, first: first.promise }
}
