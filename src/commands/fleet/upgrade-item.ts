/**
 * Another version of a server's package, with a way back: tried beside the one that runs, recorded as a change of configuration, calls under way
 * brought to their end, restarted; and when it does not become healthy and stay so, returned to the configuration from before. Every step is a
 * command of its own whose id follows from the item, so after a crash it goes on from the step that was last.
 */
import type { Recorded } from '../../domain/events.ts'
import { elapsedMs } from '../../domain/instant.ts'
import type { ItemResult } from '../../domain/operation/bulk.ts'
import type { CanaryStart } from '../../domain/ports/canary-start.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { Hash } from '../../domain/ports/hash.ts'
import type { Ids } from '../../domain/ports/ids.ts'
import { protect } from '../../domain/protected.ts'
import type { ServerEvent } from '../../domain/server/events.ts'
import { evolve } from '../../domain/server/evolve.ts'
import { server } from '../../domain/server/server.ts'
import type { RegisteredServer, Server } from '../../domain/server/state.ts'
import { packageOf } from '../../domain/server/upgrade.ts'
import type { EventLog } from '../event-log.ts'
import type { CommandMeta } from '../operator/operator-command.ts'
import { type Answer, answerOf, partId } from '../operator/parts.ts'
import type { ServerCommands } from '../operator/server-commands.ts'
import { throughOutages } from '../retry.ts'
import { type AskedCommands, carryOut } from './server-item.ts'
import type { ServerWatch } from './server-watch.ts'
import { tryUpgrade } from './upgrade-trial.ts'

export type UpgradeItem = Readonly<{
  serverId: string
  version: string
  /** Of the trial that somebody has looked at. */
  digest: string | undefined
  reason: string
  /** Its command id is that of the change: undoing it takes the upgrade back. */
  meta: CommandMeta
}>

export type UpgradeOptions = Readonly<{
  commands: AskedCommands & Pick<ServerCommands, 'changeServerConfig'>
  canary: CanaryStart
  /** New callers wait from now on; resolves when the calls under way have ended. Disposed of without a restart, they are let in again. */
  drain: (serverId: string, withinMs: number, signal: AbortSignal) => Promise<Disposable>
  log: EventLog
  watch: ServerWatch
  ids: Ids
  hash: Hash
  clock: Clock
  /** A new version that ends within this time after its start has not become healthy. Default: 5 s. */
  probationMs?: number
}>

const PROBATION_MS = 5_000
/** Calls may take longer than anybody waits for an upgrade. */
const LONGEST_DRAIN_MS = 60_000
/** Beyond the time that a start may take: to end the run before. */
const SLACK_MS = 15_000

/** @throws the reason of the signal: it is not known to have ended. */
export async function upgradeServer(item: UpgradeItem, options: UpgradeOptions, signal: AbortSignal): Promise<ItemResult> {
  const { serverId, version } = item
  const { drain, clock } = options
  const { before, change } = await changeTo(item, options, signal)
  if (change !== 'made') return change
  const was = packageOf(before.config)?.version ?? 'before'
  if (!before.enabled || before.desired !== 'running')
    return { kind: 'succeeded', says: `${version} was tried, and is what it starts next` }
  let outcome: ItemResult
  {
    using _drained = await drain(serverId, Math.min(before.config.callTimeoutMs, LONGEST_DRAIN_MS), signal)
    outcome = await restart('restart', before, item, options, signal)
  }
  if (outcome.kind === 'succeeded') outcome = await probation(item, options, signal)
  if (outcome.kind === 'succeeded')
    return { kind: 'succeeded', says: `${was} became ${version}; ${await waitingTools(item, options, signal)}` }
  // Somebody else wants something else of it by now: what he decided stays.
  if (outcome.kind === 'failed' && outcome.rule === 'changed-since') return outcome
  const why = outcome.says.text
  const returned = await changeBack(before, item, options)
  const failed = (says: string): ItemResult => ({ kind: 'failed', rule: 'upgrade-returned', says: protect(`${version}: ${why}; ${says}`) })
  if (returned.kind === 'refused') {
    return {
      kind: 'failed',
      rule: 'upgrade-not-returned',
      says: protect(`${version}: ${why}; ${was} could not be put back: ${returned.rule}`),
    }
  }
  const again = await restart('restart back', before, item, options, signal)
  return failed(again.kind === 'succeeded' ? `it runs in ${was} again` : `it is ${was} again, and does not run: ${wordsOf(again)}`)

  function wordsOf(result: ItemResult): string {
    return typeof result.says === 'string' ? result.says : `${result.says.text} (at ${clock.now()})`
  }
}

type Changed = Readonly<{ before: RegisteredServer; change: 'made' }> | Readonly<{ before: undefined; change: ItemResult }>

async function changeTo(item: UpgradeItem, options: UpgradeOptions, signal: AbortSignal): Promise<Changed> {
  const { serverId, version, digest, reason, meta } = item
  const { commands, canary, log, hash, clock } = options
  const no = (rule: string, says: string): Changed => ({ before: undefined, change: { kind: 'failed', rule, says: protect(says) } })
  const history = await throughOutages(() => historyOf(serverId, log), { clock, signal })
  // Of an attempt before a crash: what is on record is not decided again.
  const made = history.find(({ type, metadata }) => type === 'ServerConfigChanged' && metadata.causationId === meta.commandId)
  const before = fold(history.filter(({ revision }) => made === undefined || revision < made.revision))
  if (before.situation !== 'registered') return no('server-not-registered', 'it is not registered any more')
  if (made) return { before, change: 'made' }
  const trial = await tryUpgrade({ server: before, version, signal }, { canary, hash })
  if (trial.kind === 'same') return { before: undefined, change: { kind: 'succeeded', says: `is ${version} already` } }
  if (trial.kind === 'refused') return no(trial.rule, `${version} was not put in place: ${trial.says}`)
  if (digest !== undefined && digest !== trial.digest)
    return no('upgrade-changed-since', 'it came to something else than what was looked at')
  const seen = history.at(-1)?.revision
  const own = seen === undefined ? meta : { ...meta, expectedRevision: seen }
  const input = { id: serverId, reason, config: trial.config, meta: own }
  const answer = await throughOutages(() => answerOf(() => commands.changeServerConfig(input), clock), { clock, signal })
  return answer.kind === 'done' ? { before, change: 'made' } : no(answer.rule, `${version} was not put in place: ${factsOf(answer)}`)
}

async function changeBack(before: RegisteredServer, { serverId, meta, version }: UpgradeItem, options: UpgradeOptions): Promise<Answer> {
  const { commands, ids, clock } = options
  const reason = `${version} did not become healthy`
  const own = partOf(meta, 'return', ids)
  const answer = await answerOf(() => commands.changeServerConfig({ id: serverId, reason, config: before.config, meta: own }), clock)
  if (answer.kind === 'refused') return answer
  // It may have failed so often that it was disabled.
  return answerOf(() => commands.enableServer({ id: serverId, reason, meta: partOf(meta, 'enable', ids) }), clock)
}

function restart(
  part: string,
  { config }: RegisteredServer,
  { serverId, reason, meta }: UpgradeItem,
  options: UpgradeOptions,
  signal: AbortSignal,
) {
  const { commands, log, watch, clock, ids } = options
  const timeoutMs = config.startTimeoutMs + config.stopGraceMs + SLACK_MS
  const asked = { kind: 'servers-restart', serverId, reason, meta: partOf(meta, part, ids), startedAt: clock.now() } as const
  return carryOut(asked, { commands, log, watch, clock, timeoutMs }, signal)
}

/** Whether the run that has just begun lasts. */
async function probation({ serverId }: UpgradeItem, options: UpgradeOptions, signal: AbortSignal): Promise<ItemResult> {
  const { log, watch, clock, probationMs = PROBATION_MS } = options
  using waiting = watch.of(serverId)
  const begun = clock.now()
  const first = await throughOutages(() => log.states.server(serverId), { clock, signal })
  const runId = runOf(first.state)
  for (;;) {
    const { state } = await throughOutages(() => log.states.server(serverId), { clock, signal })
    if (state.situation !== 'registered') return { kind: 'failed', rule: 'changed-since', says: protect('it was retired in between') }
    if (!state.enabled && state.disabledBecause === 'operator')
      return { kind: 'failed', rule: 'changed-since', says: protect('it was disabled in between') }
    if (state.desired === 'stopped' && state.failure === undefined)
      return { kind: 'failed', rule: 'changed-since', says: protect('it was stopped in between') }
    if (state.failure) return { kind: 'failed', rule: state.failure.reason, says: state.failure.says }
    if (runOf(state) !== runId) return { kind: 'failed', rule: 'exited', says: protect('it did not go on running') }
    const leftMs = probationMs - elapsedMs(begun, clock.now())
    if (leftMs <= 0) return { kind: 'succeeded', says: 'it runs' }
    await waiting.changed(leftMs, signal)
  }
}

const runOf = (state: Server): string | undefined =>
  state.situation === 'registered' && state.state === 'running' ? state.run?.runId : undefined

async function waitingTools({ serverId }: UpgradeItem, { log, clock }: UpgradeOptions, signal: AbortSignal): Promise<string> {
  const { state } = await throughOutages(() => log.states.server(serverId), { clock, signal })
  const waiting = state.situation === 'registered' ? [...state.tools.values()].filter(({ pending }) => pending !== undefined).length : 0
  return waiting === 0 ? 'no definition of a tool waits for an approval' : `definitions of tools that wait for an approval: ${waiting}`
}

const partOf = ({ expectedRevision: _, ...meta }: CommandMeta, part: string, ids: Ids): CommandMeta => ({
  ...meta,
  commandId: partId(ids, meta.commandId, part),
  bodyHash: `${meta.bodyHash}/${part}`,
})

const factsOf = ({ rule, facts }: Extract<Answer, { kind: 'refused' }>): string =>
  typeof facts['says'] === 'string' ? facts['says'] : rule.replaceAll('-', ' ')

/** Only its aggregate writes to the stream of a server, so the name of the stream is the proof. */
const historyOf = async (serverId: string, log: EventLog) =>
  (await log.load(`server-${serverId}`)).events.filter((event): event is Recorded<ServerEvent> => event.stream.startsWith('server-'))

const fold = (events: readonly ServerEvent[]): Server => events.reduce(evolve, server.initialState)
