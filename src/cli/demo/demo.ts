/**
 * `steward demo`: breaks a real PostgreSQL on a real SSH host of its own, and MCP servers from npm, and shows what Steward does; judged by the demo's
 * own eyes, part by part.
 * Leaves no process and no file outside its directory, however it ends.
 */
import { rm } from 'node:fs/promises'
import { exitCode } from '../exit-code.ts'
import { askPerson } from './ask-person.ts'
import { sayResults, sayWhereToLook } from './ending.ts'
import { findProgram } from './installed.ts'
import { Interrupted, onInterruption } from './interruption.ts'
import { countFromNow, outcomeOf } from './judge.ts'
import { Findings, type Outcome, type Part, type Stage } from './part.ts'
import { badSetting } from './parts/bad-setting.ts'
import { brokenNginx } from './parts/broken-nginx.ts'
import { brokenServerConfig } from './parts/broken-server-config.ts'
import { disabledTool } from './parts/disabled-tool.ts'
import { exhaustedConnections } from './parts/exhausted-connections.ts'
import { forgedLine } from './parts/forged-line.ts'
import { fullRedis } from './parts/full-redis.ts'
import { killedServer } from './parts/killed-server.ts'
import { killedSteward } from './parts/killed-steward.ts'
import { npmServers } from './parts/npm-servers.ts'
import { rebuiltReadModels } from './parts/rebuilt-read-models.ts'
import { sabotagedSetting } from './parts/sabotaged-setting.ts'
import { toolUsage } from './parts/tool-usage.ts'
import { makePlace, type Place, PlaceTaken } from './place.ts'
import { createScreen, type Screen } from './screen.ts'
import { buildStage } from './stage.ts'
import type { IncidentSummary, Page } from './steward-api.ts'
import { PlanRejected, type Told } from './story.ts'
import type { Row } from './table.ts'
import type { DemoTools } from './tools.ts'

export type DemoOptions = Readonly<{
  /** Approves every plan, instead of asking. */
  yes?: boolean
  /** Where everything is kept; made by the demo. Default: a directory in `dataDir`. */
  dir?: string
  /** The user's own data, beside which the demo keeps its own. Default: STEWARD_DATA_DIR, else `./.steward`. */
  dataDir?: string
  /** Keeps the files of the host too. */
  keep?: boolean
  /** One part: 1 to 11, nginx or redis. */
  only?: string
  /** Starts this command line: `[node, .../src/cli/main.ts]`. */
  steward: readonly [string, ...string[]]
  tools: DemoTools
}>

/** 0: every part ended as expected. 1: not so. 2: not understood. 3: ended early, for a plan was rejected. 128 + n: ended by signal n. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const { env } = process
  const screen = createScreen({ stream: process.stdout, env, askPerson })
  const parts = await chosenParts(options.only)
  if (parts.length === 0) return complain(`--only: must be 1 to 11, nginx or redis (those two only where they are installed)`)
  if (options.yes !== true && process.stdin.isTTY !== true) return complain('this is no terminal, so nobody can be asked: add --yes')

  using interruption = onInterruption()
  const { signal } = interruption
  let place: Place
  try {
    place = await makePlace({ asked: options.dir, dataDir: options.dataDir, cwd: process.cwd(), env })
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
    const { rows, wasRejected } = await play(parts, { ...options, screen, place, env, signal })
    const asExpected = rows.every(({ outcome }) => outcome.problems.length === 0)
    sayResults(screen, rows, { tookMs: performance.now() - began, wasRejected })
    const keptHost = options.keep === true || !asExpected
    if (!keptHost) await rm(place.hostDir, { recursive: true, force: true })
    sayWhereToLook(screen, place, { keptHost, env })
    if (!asExpected) return exitCode.failure
    return wasRejected ? exitCode.partial : exitCode.ok
  } catch (error) {
    screen.blank()
    if (signal.reason instanceof Interrupted) {
      if (options.keep !== true) await rm(place.dir, { recursive: true, force: true })
      screen.bad(`${signal.reason.message}; nothing is left running${options.keep === true ? '' : `, and ${place.dir} is removed`}`)
      return signal.reason.exitCode
    }
    screen.bad(error instanceof Error ? error.message : String(error))
    screen.say(`Steward's log: ${place.logPath}; everything else is beside it.`)
    return exitCode.failure
  }
}

type PlayOptions = DemoOptions & Readonly<{ screen: Screen; place: Place; env: NodeJS.ProcessEnv; signal: AbortSignal }>

type Played = Readonly<{ rows: readonly Row[]; wasRejected: boolean }>

async function play(parts: readonly Part[], { yes = false, ...options }: PlayOptions): Promise<Played> {
  const { screen } = options
  const stack = new AsyncDisposableStack()
  try {
    const stage = await buildStage({ ...options, yes }, stack)
    const rows: Row[] = []
    for (const part of parts) {
      screen.blank()
      screen.heading(`${part.name}. ${part.title}`)
      const { outcome, wasRejected } = await playPart(part, stage)
      rows.push({ name: part.name, fault: part.fault, outcome })
      // The fault is still there: the next part would find it, and take it for its own.
      if (wasRejected) return { rows, wasRejected }
      await closeOpenIncidents(stage)
    }
    return { rows, wasRejected: false }
  } finally {
    screen.blank()
    await screen.during('stopping everything', () => stack.disposeAsync())
  }
}

/** A part that breaks down is told and counted; the next one is tried all the same. */
async function playPart(part: Part, stage: Omit<Stage, 'stack'>): Promise<Readonly<{ outcome: Outcome; wasRejected: boolean }>> {
  const { screen, signal } = stage
  const actions = await countFromNow(stage)
  try {
    await using stack = new AsyncDisposableStack()
    return { outcome: await part.run({ ...stage, stack }), wasRejected: false }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof PlanRejected) return { outcome: afterRejection(error.told, await actions(), screen), wasRejected: true }
    const says = error instanceof Error ? error.message : String(error)
    screen.bad(says)
    return { outcome: { says: 'broke down', problems: [says] }, wasRejected: false }
  }
}

/** A no has to be as good as a yes: it is kept, and nothing happened on the host. */
function afterRejection(told: Told, actions: number, screen: Screen): Outcome {
  const findings = new Findings(screen)
  findings.expect(actions === 0, 'no action ran on the host', `${actions} actions ran on the host`)
  findings.expect(
    told.incident.escalation?.reason === 'approval-rejected',
    'the incident is not forgotten: it waits for a person, who can have it looked at again or close it',
    `the incident is ${told.incident.state}`,
  )
  return { ...outcomeOf(told, actions, findings), says: 'rejected' }
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
    npmServers,
    killedServer,
    brokenServerConfig,
    disabledTool,
    toolUsage,
    rebuiltReadModels,
  ]
  return only === undefined ? all : all.filter(({ name }) => name === only)
}

function complain(says: string): number {
  process.stderr.write(`steward demo: ${says}\n`)
  return exitCode.usage
}
