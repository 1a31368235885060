/** A part of the demo: breaks something, lets Steward answer, and judges the end by its own eyes. */
import type { DemoFleet } from './fleet.ts'
import type { Screen } from './screen.ts'
import type { Shop } from './shop.ts'
import type { StewardApi, Target } from './steward-api.ts'
import type { StewardProcess } from './steward-process.ts'

export type PartName = '1' | '2' | '3' | '4' | '5' | 'nginx' | 'redis' | '6' | '7' | '8' | '9' | '10' | '11'

export type Part = Readonly<{
  name: PartName
  title: string
  /** A few words for the table. */
  fault: string
  run: (stage: Stage) => Promise<Outcome>
}>

/** What every part finds there. */
export type Stage = Readonly<{
  screen: Screen
  api: StewardApi
  steward: StewardProcess
  shop: Shop
  /** Three MCP servers; registered by whoever asks first. */
  fleet: () => Promise<DemoFleet>
  /** The watched database. */
  target: Target
  hostId: string
  /** Of the host: where services have their files. */
  hostDir: string
  /** While this file is there, the disk of the host is slow. */
  slowDiskPath: string
  yes: boolean
  signal: AbortSignal
  /** Closed when the part has ended. */
  stack: AsyncDisposableStack
}>

/** A part that needs nothing but Steward and the fleet: no host, no database. */
export type FleetPart = Omit<Part, 'run'> &
  Readonly<{ run: (stage: Pick<Stage, 'screen' | 'api' | 'fleet' | 'signal'>) => Promise<Outcome> }>

/** A row of the table at the end. */
export type Outcome = Readonly<{
  detectedAfterMs?: number
  fixedAfterMs?: number
  actions?: number
  says: string
  events?: number
  /** What was not as it should be; empty when all is well. */
  problems: readonly string[]
}>

/** Collects what is not as it should be. */
export class Findings {
  readonly problems: string[] = []
  readonly #screen: Screen
  constructor(screen: Screen) {
    this.#screen = screen
  }
  expect(isSo: boolean, what: string, otherwise: string = `not so: ${what}`): void {
    if (isSo) {
      this.#screen.good(what)
      return
    }
    this.#screen.bad(otherwise)
    this.problems.push(otherwise)
  }
}
