/**
 * Another version of a server's package, with a way back: tried beside the one that runs, recorded as a change of configuration, calls under way
 * brought to their end, restarted; and when it does not become healthy and stay so, returned to the configuration from before. Every step is a
 * command of its own whose id follows from the item, so after a crash it goes on from the step that was last.
 */
import { elapsedMs } from '../../domain/instant.ts'
import type { ItemResult } from '../../domain/operation/bulk.ts'
import type { CanaryStart } from '../../domain/ports/canary-start.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { Hash } from '../../domain/ports/hash.ts'
import type { Ids } from '../../domain/ports/ids.ts'
import { protect } from '../../domain/protected.ts'
import type { ServerConfig } from '../../domain/server/config.ts'
import type { RegisteredServer } from '../../domain/server/state.ts'
import { packageOf } from '../../domain/server/upgrade.ts'
import type { EventLog } from '../event-log.ts'
import type { CommandMeta } from '../operator/operator-command.ts'
import { type Answer, answerOf, partId } from '../operator/parts.ts'
import type { ServerCommands } from '../operator/server-commands.ts'
import { throughOutages } from '../retry.ts'
import { type AskedCommands, carryOut } from './server-item.ts'
import type { ServerWatch } from './server-watch.ts'
import { configuredOtherwise, decidedOtherwise, doneBy, fold, isToRun, recordOf, runBy, type ServerRecord } from './upgrade-record.ts'
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
  const made = await changeTo(item, options, signal)
  if (made.change !== 'made') return made.change
  const { before } = made
  const { version } = item
  if (!isToRun(before)) return { kind: 'succeeded', says: `${version} was tried, and is what it starts next` }
  const record = await recordNow(item, options, signal)
  // It was on its way back already when the instance before this one died.
  if (doneBy(record, partOf(item.meta, 'return', options.ids).commandId))
    return await runAgain(made, 'it did not become healthy', item, options, signal)
  let outcome = await restartInto(made, record, item, options, signal)
  if (outcome.kind === 'succeeded') outcome = await probation(item, options, signal)
  if (outcome.kind === 'succeeded')
    return { kind: 'succeeded', says: `${versionOf(before)} became ${version}; ${await waitingTools(item, options, signal)}` }
  // Somebody else wants something else of it by now: what he decided stays.
  if (outcome.kind === 'failed' && outcome.rule === 'changed-since') return outcome
  const why = outcome.says.text
  const returned = await changeBack(made, item, options, signal)
  if (returned.kind === 'done') return await runAgain(made, why, item, options, signal)
  if (returned.rule === 'changed-since') return changedSince(`${version}: ${why}; ${factsOf(returned)}`)
  const says = protect(`${version}: ${why}; ${versionOf(before)} could not be put back: ${factsOf(returned)}`)
  return { kind: 'failed', rule: 'upgrade-not-returned', says }
}

/** `before`: the server right before its change to `to`. */
type Made = Readonly<{ change: 'made'; before: RegisteredServer; to: ServerConfig }>
type Changed = Made | Readonly<{ change: ItemResult }>

async function changeTo(item: UpgradeItem, options: UpgradeOptions, signal: AbortSignal): Promise<Changed> {
  const { serverId, version, digest, reason, meta } = item
  const { commands, canary, hash, clock } = options
  const no = (rule: string, says: string): Changed => ({ change: { kind: 'failed', rule, says: protect(says) } })
  const record = await recordNow(item, options, signal)
  // Of an attempt before a crash: what is on record is not decided again.
  const made = doneBy(record, meta.commandId)
  const before = fold(record.filter(({ revision }) => made === undefined || revision < made.revision))
  if (before.situation !== 'registered') return no('server-not-registered', 'it is not registered any more')
  if (made?.type === 'ServerConfigChanged') return { change: 'made', before, to: made.data.config }
  const trial = await tryUpgrade({ server: before, version, signal }, { canary, hash })
  if (trial.kind === 'same') return { change: { kind: 'succeeded', says: `is ${version} already` } }
  if (trial.kind === 'refused') return no(trial.rule, `${version} was not put in place: ${trial.says}`)
  if (digest !== undefined && digest !== trial.digest)
    return no('upgrade-changed-since', 'it came to something else than what was looked at')
  const input = { id: serverId, reason, config: trial.config, meta: heldTo(record, meta) }
  const answer = await throughOutages(() => answerOf(() => commands.changeServerConfig(input), clock), { clock, signal })
  if (answer.kind === 'refused') return no(answer.rule, `${version} was not put in place: ${factsOf(answer)}`)
  return { change: 'made', before, to: trial.config }
}

/** A restart that was asked for is not held to anything any more: what followed from it is on record. */
async function restartInto(
  { before, to }: Made,
  record: ServerRecord,
  item: UpgradeItem,
  options: UpgradeOptions,
  signal: AbortSignal,
): Promise<ItemResult> {
  const meta = partOf(item.meta, 'restart', options.ids)
  if (doneBy(record, meta.commandId)) return await restart(meta, before, item, options, signal)
  using _drained = await options.drain(item.serverId, Math.min(before.config.callTimeoutMs, LONGEST_DRAIN_MS), signal)
  // Calls may have taken a minute to end.
  const now = await recordNow(item, options, signal)
  const state = fold(now)
  const otherwise = decidedOtherwise(state) ?? configuredOtherwise(state, to)
  if (otherwise !== undefined) return changedSince(otherwise)
  if (state.situation !== 'registered' || !isToRun(state)) return changedSince('its supervisor has given it up in between')
  const outcome = await restart(heldTo(now, meta), before, item, options, signal)
  const isLate = outcome.kind === 'failed' && outcome.rule === 'concurrency-conflict'
  return isLate ? changedSince('something was decided about it in between') : outcome
}

async function changeBack({ before, to }: Made, item: UpgradeItem, options: UpgradeOptions, signal: AbortSignal): Promise<Answer> {
  const { commands, ids, clock } = options
  const { serverId, version } = item
  const record = await recordNow(item, options, signal)
  const otherwise = configuredOtherwise(fold(record), to)
  if (otherwise !== undefined) return { kind: 'refused', rule: 'changed-since', facts: { says: otherwise } }
  const own = heldTo(record, partOf(item.meta, 'return', ids))
  const input = { id: serverId, reason: `${version} did not become healthy`, config: before.config, meta: own }
  return await throughOutages(() => answerOf(() => commands.changeServerConfig(input), clock), { clock, signal })
}

/** With the configuration from before, which is in place again. */
async function runAgain(
  { before }: Made,
  why: string,
  item: UpgradeItem,
  options: UpgradeOptions,
  signal: AbortSignal,
): Promise<ItemResult> {
  const { commands, ids, clock } = options
  const { serverId, version, meta } = item
  const was = versionOf(before)
  const failed = (says: string): ItemResult => ({ kind: 'failed', rule: 'upgrade-returned', says: protect(`${version}: ${why}; ${says}`) })
  const state = fold(await recordNow(item, options, signal))
  const otherwise = decidedOtherwise(state)
  if (otherwise !== undefined) return failed(`it is ${was} again, and ${otherwise}`)
  // It may have failed so often that it was disabled. What a person has disabled stays so.
  if (state.situation === 'registered' && state.disabledBecause === 'failures') {
    const input = { id: serverId, reason: `${version} did not become healthy`, meta: partOf(meta, 'enable', ids) }
    await throughOutages(() => answerOf(() => commands.enableServer(input), clock), { clock, signal })
  }
  const again = await restart(partOf(meta, 'restart back', ids), before, item, options, signal)
  if (again.kind === 'succeeded') return failed(`it runs in ${was} again`)
  return failed(`it is ${was} again, and does not run: ${again.says.text} (at ${clock.now()})`)
}

function restart(
  meta: CommandMeta,
  { config }: RegisteredServer,
  { serverId, reason }: UpgradeItem,
  options: UpgradeOptions,
  signal: AbortSignal,
): Promise<ItemResult> {
  const { commands, log, watch, clock } = options
  const timeoutMs = config.startTimeoutMs + config.stopGraceMs + SLACK_MS
  const asked = { kind: 'servers-restart', serverId, reason, meta, startedAt: clock.now() } as const
  return carryOut(asked, { commands, log, watch, clock, timeoutMs }, signal)
}

/** Whether the run that the restart led to lasts. Another one in its place, however well it runs, means that it did not. */
async function probation(item: UpgradeItem, options: UpgradeOptions, signal: AbortSignal): Promise<ItemResult> {
  const { log, watch, clock, ids, probationMs = PROBATION_MS } = options
  const { serverId, meta } = item
  using waiting = watch.of(serverId)
  const begun = clock.now()
  const runId = runBy(await recordNow(item, options, signal), partOf(meta, 'restart', ids).commandId)
  for (;;) {
    const { state } = await throughOutages(() => log.states.server(serverId), { clock, signal })
    const otherwise = decidedOtherwise(state)
    if (otherwise !== undefined || state.situation !== 'registered') return changedSince(otherwise ?? 'it was retired in between')
    if (state.failure) return { kind: 'failed', rule: state.failure.reason, says: state.failure.says }
    if (state.state !== 'running' || state.run?.runId !== runId)
      return { kind: 'failed', rule: 'exited', says: protect('it did not go on running') }
    const leftMs = probationMs - elapsedMs(begun, clock.now())
    if (leftMs <= 0) return { kind: 'succeeded', says: 'it runs' }
    await waiting.changed(leftMs, signal)
  }
}

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

/** What this item has read stays the ground of what it does: whatever somebody decides in between refuses it. */
function heldTo(record: ServerRecord, meta: CommandMeta): CommandMeta {
  const seen = record.at(-1)?.revision
  return seen === undefined ? meta : { ...meta, expectedRevision: seen }
}

const recordNow = ({ serverId }: UpgradeItem, { log, clock }: UpgradeOptions, signal: AbortSignal): Promise<ServerRecord> =>
  throughOutages(() => recordOf(serverId, log), { clock, signal })

const versionOf = ({ config }: RegisteredServer): string => packageOf(config)?.version ?? 'before'

const changedSince = (says: string): ItemResult => ({ kind: 'failed', rule: 'changed-since', says: protect(says) })

const factsOf = ({ rule, facts }: Extract<Answer, { kind: 'refused' }>): string =>
  typeof facts['says'] === 'string' ? facts['says'] : rule.replaceAll('-', ' ')
