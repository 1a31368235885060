/** Proves a rollback: the same state as before the first step, and no probe worse than it was. */
import { findAction } from '../../domain/catalogue/catalogue.ts'
import { isWorseHealth } from '../../domain/catalogue/health.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { JsonObject } from '../../domain/ports/json.ts'
import type { StateVector } from '../../domain/processes/effects.ts'
import type { EffectHandler } from '../effect-runner.ts'
import { probe, probeHealth } from './probing.ts'
import type { Reach, Reached } from './reach.ts'
import { readFiles, readSettings, settingsOf } from './state-vector.ts'

/** A service that takes up the restored state may need a moment. */
const SETTLE_ATTEMPTS = 10
const SETTLE_EVERY_MS = 500

export const createProve =
  ({ reach, clock }: { reach: Reach; clock: Clock }): EffectHandler<'prove'> =>
  async ({ targetId, before, action }, { signal }) => {
    const reached = await reach(targetId)
    for (let attempt = 1; ; attempt++) {
      const compared = await compare(reached, before, action, signal)
      if (compared.kind === 'same' || attempt >= SETTLE_ATTEMPTS) return compared
      await clock.sleep(SETTLE_EVERY_MS, signal)
    }
  }

type Compared = Awaited<ReturnType<EffectHandler<'prove'>>>

async function compare(
  reached: Reached,
  before: StateVector,
  action: Parameters<EffectHandler<'prove'>>[0]['action'],
  signal: AbortSignal,
): Promise<Compared> {
  const files = await readFiles(Object.keys(before.files), reached, signal)
  if (!files) return { kind: 'unknown', reason: 'the restored files could not be read' }
  const differences = Object.entries(before.files).flatMap(([path, was]) => fieldsThatDiffer(path, was, files[path]))

  const known = findAction(action.id)
  const bound = known?.bind(action.params)
  const probed = bound && (await probe(reached, bound.precondition, signal))
  if (Object.keys(before.settings).length > 0) {
    const prepared = probed?.output && bound?.given(probed.output)
    if (!prepared) return { kind: 'unknown', reason: 'the restored settings could not be read' }
    const settings = await readSettings(settingsOf(prepared.snapshot), reached, signal)
    if (!settings) return { kind: 'unknown', reason: 'the restored settings could not be read' }
    for (const [name, was] of Object.entries(before.settings)) {
      const is = settings[name]
      if (is !== was) differences.push(`setting ${name} is ${is}, was ${was}`)
    }
  }
  const health = await probeHealth(reached, signal)
  if (isWorseHealth(health.level, before.health)) differences.push(`health is ${health.level}, was ${before.health}`)
  if (probed?.verdict.kind === 'holds' && before.precondition === 'does-not-hold')
    differences.push('the fault is there, and was not before')
  return differences.length === 0 ? { kind: 'same' } : { kind: 'different', differences }
}

function fieldsThatDiffer(path: string, was: JsonObject, is: JsonObject | undefined): string[] {
  if (!is) return [`${path} was not read`]
  return Object.keys(was)
    .filter((field) => was[field] !== is[field])
    .map((field) => `${path}: ${field} is ${String(is[field])}, was ${String(was[field])}`)
}
