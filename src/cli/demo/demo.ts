/**
 * `steward demo`: breaks a real PostgreSQL on a real SSH host of its own, and shows Steward healing it; judged by the demo's own eyes, part by part.
 * Leaves no process and no file outside its directory, however it ends.
 */
import { rm } from 'node:fs/promises'
import { askPerson } from './ask-person.ts'
import { sayResults, sayWhereToLook } from './ending.ts'
import { findProgram } from './installed.ts'
import { Interrupted, onInterruption } from './interruption.ts'
import type { Outcome, Part, Stage } from './part.ts'
import { badSetting } from './parts/bad-setting.ts'
import { brokenNginx } from './parts/broken-nginx.ts'
import { exhaustedConnections } from './parts/exhausted-connections.ts'
import { forgedLine } from './parts/forged-line.ts'
import { fullRedis } from './parts/full-redis.ts'
import { killedSteward } from './parts/killed-steward.ts'
import { rebuiltReadModels } from './parts/rebuilt-read-models.ts'
import { sabotagedSetting } from './parts/sabotaged-setting.ts'
import { makePlace, type Place, PlaceTaken } from './place.ts'
import { createScreen, type Screen } from './screen.ts'
import { buildStage } from './stage.ts'
import type { IncidentSummary, Page } from './steward-api.ts'
import type { Row } from './table.ts'
import type { DemoTools } from './tools.ts'

export type DemoOptions = Readonly<{
  /** Approves every plan, instead of asking. */
  yes?: boolean
  /** Where everything is kept; made by the demo. Default: a directory beside the user's own data. */
  dir?: string
  /** Keeps the files of the host too. */
  keep?: boolean
  /** One part: 1 to 6, nginx or redis. */
  only?: string
  /** Starts this command line: `[node, .../src/cli/main.ts]`. */
  steward: readonly [string, ...string[]]
  tools: DemoTools
}>

/** 0: every part ended as expected. 1: not so. 2: not understood. 128 + n: ended by signal n. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const { env } = process
  const screen = createScreen({ stream: process.stdout, env, askPerson })
  const parts = await chosenParts(options.only)
  if (parts.length === 0) return complain(`--only: must be 1 to 6, nginx or redis (those two only where they are installed)`)
  if (options.yes !== true && process.stdin.isTTY !== true) return complain('this is no terminal, so nobody can be asked: add --yes')

  using interruption = onInterruption()
  const { signal } = interruption
  let place: Place
  try {
    place = await makePlace({ asked: options.dir, cwd: process.cwd(), env })
  } catch (error) {
    if (error instanceof PlaceTaken) return complain(error.message)
    throw error
  }
  screen.heading(`MCP Steward demo, run ${place.runId}`)
  screen.say('Everything it makes is in')
  screen.command(place.dir)
  screen.blank()
  const began = performance.now()
  try {
    const rows = await play(parts, { ...options, screen, place, env, signal })
    const asExpected = rows.every(({ outcome }) => outcome.problems.length === 0)
    sayResults(screen, rows, performance.now() - began)
    const keptHost = options.keep === true || !asExpected
    if (!keptHost) await rm(place.hostDir, { recursive: true, force: true })
    sayWhereToLook(screen, place, { keptHost, env })
    return asExpected ? 0 : 1
  } catch (error) {
    screen.blank()
    if (signal.reason instanceof Interrupted) {
      if (options.keep !== true) await rm(place.dir, { recursive: true, force: true })
      screen.bad(`${signal.reason.message}; nothing is left running${options.keep === true ? '' : `, and ${place.dir} is removed`}`)
      return signal.reason.exitCode
    }
    screen.bad(error instanceof Error ? error.message : String(error))
    screen.say(`Steward's log: ${place.logPath}; everything else is beside it.`)
    return 1
  }
}

type PlayOptions = DemoOptions & Readonly<{ screen: Screen; place: Place; env: NodeJS.ProcessEnv; signal: AbortSignal }>

async function play(parts: readonly Part[], { yes = false, ...options }: PlayOptions): Promise<readonly Row[]> {
  const { screen } = options
  const stack = new AsyncDisposableStack()
  try {
    const stage = await buildStage({ ...options, yes }, stack)
    const rows: Row[] = []
    for (const part of parts) {
      screen.blank()
      screen.heading(`${part.name}. ${part.title}`)
      rows.push({ name: part.name, fault: part.fault, outcome: await playPart(part, stage) })
      await closeOpenIncidents(stage)
    }
    return rows
  } finally {
    screen.blank()
    await screen.during('stopping everything', () => stack.disposeAsync())
  }
}

/** A part that breaks down is told and counted; the next one is tried all the same. */
async function playPart(part: Part, stage: Omit<Stage, 'stack'>): Promise<Outcome> {
  const { screen, signal } = stage
  try {
    await using stack = new AsyncDisposableStack()
    return await part.run({ ...stage, stack })
  } catch (error) {
    signal.throwIfAborted()
    const says = error instanceof Error ? error.message : String(error)
    screen.bad(says)
    return { says: 'broke down', problems: [says] }
  }
}

/** One fault can print several lines, and so have several incidents. What still waits when a part is over belongs to it, and to no other. */
async function closeOpenIncidents({ api, target, signal }: Omit<Stage, 'stack'>): Promise<void> {
  try {
    const { items } = await api.get<Page<IncidentSummary>>('/api/v1/incidents', { target_id: target.id, open: 'true' })
    for (const { id } of items) await api.post(`/api/v1/incidents/${id}/close`, { reason: 'this part of the demo is over' })
  } catch {
    // One that executes cannot be closed; it ends by itself.
    signal.throwIfAborted()
  }
}

async function chosenParts(only: string | undefined): Promise<readonly Part[]> {
  const [nginx, redis] = await Promise.all([findProgram('nginx'), findProgram('redis-server')])
  const all = [
    exhaustedConnections,
    badSetting,
    sabotagedSetting,
    forgedLine,
    killedSteward,
    ...(nginx === undefined ? [] : [brokenNginx(nginx)]),
    ...(redis === undefined ? [] : [fullRedis(redis)]),
    rebuiltReadModels,
  ]
  return only === undefined ? all : all.filter(({ name }) => name === only)
}

function complain(says: string): number {
  process.stderr.write(`steward demo: ${says}\n`)
  return 2
}
