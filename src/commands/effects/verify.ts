/**
 * Proves the cure: the postcondition must hold in every probe of the stabilisation window. A service may take a moment to come up again, so the
 * window begins with the first probe that holds.
 */
import { findAction } from '../../domain/catalogue/catalogue.ts'
import { elapsedMs } from '../../domain/instant.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import type { EffectHandler } from '../effect-runner.ts'
import { type Probed, probe } from './probing.ts'
import type { Reach } from './reach.ts'

/** Probes in the window, first and last included. */
export const PROBES = 5
/** How long the first probe that holds is waited for, and how often it is asked. */
const SETTLING_MS = 10_000
const ASK_EVERY_MS = 250

export const createVerify =
  ({ reach, clock }: { reach: Reach; clock: Clock }): EffectHandler<'verify'> =>
  async ({ targetId, action, windowMs }, { signal }) => {
    const known = findAction(action.id)
    if (!known) return { kind: 'unknown', reason: `${action.id} is no longer in the catalogue` }
    const { postcondition, service, timeoutMs } = known.bind(action.params)
    // A managed server takes as long to start as its own time-outs let it, and no longer than its supervisor is at it.
    const settlingMs = ({ verdict }: Probed): number =>
      service === 'server' && verdict.kind === 'does-not-hold' && verdict.facts['supervisor'] === 'acting' ? timeoutMs : SETTLING_MS
    const reached = await reach(targetId)
    const begun = clock.now()
    let probed = await probe(reached, postcondition, signal)
    while (probed.verdict.kind !== 'holds' && elapsedMs(begun, clock.now()) < settlingMs(probed)) {
      await clock.sleep(ASK_EVERY_MS, signal)
      probed = await probe(reached, postcondition, signal)
    }
    for (let held = 1; probed.verdict.kind === 'holds' && held < PROBES; held++) {
      await clock.sleep(windowMs / (PROBES - 1), signal)
      probed = await probe(reached, postcondition, signal)
    }
    switch (probed.verdict.kind) {
      case 'holds':
        return { kind: 'holds', probes: PROBES }
      case 'does-not-hold':
        return { kind: 'does-not-hold', facts: probed.verdict.facts, says: 'the postcondition does not hold' }
      case 'unknown':
        return { kind: 'unknown', reason: probed.says ?? 'the postcondition proved nothing' }
    }
  }
