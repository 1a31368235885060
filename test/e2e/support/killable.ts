/** Stewards that are processes of their own, to be killed: where each lives, and the world that goes on by whichever answers. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { type Sshd, startSshd } from '../../support/sshd.ts'
import type { Incident } from './api.ts'
import { type StewardProcess, startSteward } from './steward-process.ts'
import { type Inhabited, inhabit, layOut } from './world.ts'

/** Configuration, secrets, data of one Steward. Whatever is started there ends with the test, after everything that needs it. */
export type Home = Readonly<{ dir: string; start: (more?: Record<string, string>) => Promise<StewardProcess> }>

/** A world that outlives the Stewards that answer for it. */
export type Lives = Readonly<{ world: Inhabited; now: () => StewardProcess; by: (next: StewardProcess) => void }>

/** For the tests of one file: one sshd, and a directory for all homes. */
export function describePlaces(policy: string) {
  let dir: string
  let sshd: Sshd
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'e2e-'))
    sshd = await startSshd({ dir })
  })
  afterAll(async () => {
    await sshd.close()
    rmSync(dir, { recursive: true, force: true })
  })

  function place(name: string): Home {
    const own = join(dir, name)
    mkdirSync(own)
    const { env } = layOut(own, policy)
    const started: StewardProcess[] = []
    onTestFinished(async () => {
      for (const steward of started) await steward.kill()
    })
    return {
      dir: own,
      async start(more = {}) {
        const steward = await startSteward({ ...env, ...more }, own)
        started.push(steward)
        return steward
      },
    }
  }

  /** The world by whoever answers: the one that is given, until another one takes over. */
  async function settle(home: Home, first: StewardProcess): Promise<Lives> {
    let now = first
    const world = await inhabit({ url: () => now.url, dir: home.dir, sshd, said: () => now.said() })
    return {
      world,
      by(next) {
        now = next
      },
      now: () => now,
    }
  }

  return { place, settle }
}

/** Each time as soon as the incident is so; then another one is started in its place. */
export async function killedWhen(
  id: string,
  stages: readonly ((incident: Incident) => boolean)[],
  { home, world, now, by }: Lives & Readonly<{ home: Home }>,
): Promise<void> {
  for (const stage of stages) {
    await world.incidentIs(id, stage)
    await now().kill()
    by(await home.start())
  }
}
