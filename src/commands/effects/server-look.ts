/**
 * Looks at a managed server: what its supervisor has recorded, whether it lists its tools when it is asked now, and, where the supervisor has given it
 * up, whether a throw-away instance of it starts. Never a word of what the server has written.
 */
import { canonicalJson } from '../../domain/canonical-json.ts'
import type { ServerIntent, ServerTrial } from '../../domain/catalogue/program.ts'
import type { ServerLook } from '../../domain/catalogue/server/look.ts'
import { elapsedMs } from '../../domain/instant.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { Hash } from '../../domain/ports/hash.ts'
import type { Json } from '../../domain/ports/json.ts'
import type { ServerConfig } from '../../domain/server/config.ts'
import { type ConfigHistory, lastGoodConfig } from '../../domain/server/config-history.ts'
import { isApproved } from '../../domain/server/executable.ts'
import type { RegisteredServer } from '../../domain/server/state.ts'
import { CommandRefused } from '../command-refused.ts'
import type { FleetDesk } from '../fleet/desk.ts'

export type LookDeps = Readonly<{ desk: Pick<FleetDesk, 'refreshServer' | 'testServer'>; hash: Hash; clock: Clock }>

/**
 * A start that takes longer proves nothing either way: whoever looks has others to look at. Its own start time-out is often shorter, and then that is the
 * answer.
 */
const TRIAL_PATIENCE_MS = 30_000

/** Undefined: a trial proved nothing. */
export async function lookAtServer(
  server: RegisteredServer,
  history: ConfigHistory,
  tries: readonly ServerTrial[],
  { desk, hash, clock }: LookDeps,
  signal: AbortSignal,
): Promise<ServerLook | undefined> {
  const { config, failure, crashes, failedStarts, state: lifecycle } = server
  const supervisor = supervisorOf(server)
  const good = lastGoodConfig(history)
  const since = history.configs.at(-1)?.since
  const attempt = async (wanted: ServerTrial, tried: ServerConfig | undefined): Promise<Tried | undefined> =>
    supervisor === 'gave-up' && tries.includes(wanted) && tried ? tryOnce(server, tried, { desk, hash, clock }, signal) : UNTRIED
  const present = await attempt('present', config)
  const lastGood = await attempt('last-good', good)
  if (!present || !lastGood) return undefined
  return {
    lifecycle,
    intent: intentOf(server),
    supervisor,
    because: failure?.reason ?? '',
    wasRunning: failure?.wasRunning ?? false,
    crashes,
    failedStarts,
    lists: lifecycle === 'running' ? await lists(server, desk, signal) : 'not-running',
    configuration: configHash(config, hash),
    configurationAgeSeconds: since === undefined ? 0 : Math.max(0, Math.floor(elapsedMs(since, clock.now()) / 1_000)),
    lastGood: good ? configHash(good, hash) : '',
    memoryLimitBytes: config.limits.memoryBytes ?? 0,
    present: present.outcome,
    presentBecause: present.because,
    lastGoodWorks: lastGood.outcome,
  }
}

/** A configuration is plain JSON all through; interfaces of readonly parts only do not say so. */
const asJson = (config: ServerConfig): Json => JSON.parse(JSON.stringify(config))

export const configHash = (config: ServerConfig, hash: Hash): string => hash.sha256(canonicalJson(asJson(config)))

export const intentOf = ({ enabled, desired }: RegisteredServer): ServerIntent => (enabled ? desired : 'disabled')

/**
 * The supervisor gives up by disabling, by wanting it stopped, or by scheduling no restart of what it may not restart. Whoever was stopped or disabled by
 * people has not been given up.
 */
export function supervisorOf(server: RegisteredServer): ServerLook['supervisor'] {
  const { enabled, disabledBecause, desired, exhausted, state, restart, run } = server
  if (state === 'maintenance') return 'resting'
  if (state === 'error' && !restart) {
    const isGivenUp = enabled ? exhausted || desired === 'running' : disabledBecause === 'failures'
    return isGivenUp ? 'gave-up' : 'resting'
  }
  const isOnItsWay = state === 'starting' || state === 'stopping' || restart !== undefined || run?.replace === true
  return isOnItsWay || (enabled && desired === 'running' && state === 'stopped') ? 'acting' : 'resting'
}

async function lists({ serverId }: RegisteredServer, desk: LookDeps['desk'], signal: AbortSignal): Promise<ServerLook['lists']> {
  try {
    await desk.refreshServer(serverId, signal)
    return 'yes'
  } catch (error) {
    if (!(error instanceof CommandRefused)) throw error
    if (error.rule === 'server-not-running') return 'not-running'
    if (error.rule === 'server-did-not-answer') return 'no'
    throw error
  }
}

type Tried = Readonly<{ outcome: ServerLook['present']; because: ServerLook['presentBecause'] }>
const UNTRIED: Tried = { outcome: 'untried', because: '' }

async function tryOnce(
  server: RegisteredServer,
  config: ServerConfig,
  { desk, hash }: LookDeps,
  signal: AbortSignal,
): Promise<Tried | undefined> {
  const { startTimeoutMs } = config
  const patient = { ...config, startTimeoutMs: Math.min(startTimeoutMs, TRIAL_PATIENCE_MS) }
  const { works, failure } = await desk.testServer(patient, { approved: isApproved(server, config, hash), signal })
  if (works) return { outcome: 'works', because: '' }
  if (!failure || (failure.reason === 'start-timeout' && patient.startTimeoutMs < startTimeoutMs)) return undefined
  return { outcome: 'fails', because: failure.reason }
}
