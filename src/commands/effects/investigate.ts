/**
 * Looks whether the fault is really there: asks the precondition of each remedy on the host, in order of preference. What a log line says is
 * only a hint where to look; a parameter that cannot be filled from the inventory, the policy or the baseline is not filled at all.
 */

import type { BoundAction } from '../../domain/catalogue/bound-action.ts'
import { findAction } from '../../domain/catalogue/catalogue.ts'
import type { Fault, Remedy } from '../../domain/catalogue/fault.ts'
import { resolveRemedy } from '../../domain/catalogue/remedies.ts'
import type { Evidence } from '../../domain/incident/events.ts'
import type { Policy } from '../../domain/policy.ts'
import type { ConfirmedRemedy, EffectParams } from '../../domain/processes/effects.ts'
import { protect } from '../../domain/protected.ts'
import type { EffectHandler } from '../effect-runner.ts'
import { evidenceOf, healthEvidence, probe, probeHealth } from './probing.ts'
import type { Reach, Reached } from './reach.ts'

export type InvestigateOptions = Readonly<{ reach: Reach; faults: ReadonlyMap<string, Fault>; policy: Policy }>

export const createInvestigate =
  ({ reach, faults, policy }: InvestigateOptions): EffectHandler<'investigate'> =>
  async (params, { signal }) => {
    const reached = await reach(params.targetId)
    const health = await probeHealth(reached, signal)
    const evidence: Evidence[] = [healthEvidence('e1', health)]
    const known = knownRemedies(params, reached, faults)
    if (!known) return { kind: 'unrecognised', evidence }
    if (known.remedies.length === 0) return { kind: 'report-only', reason: known.reportOnly, evidence }

    // A managed server is its supervisor's business first; what it makes of it is the fault to look for.
    if (health.tended) return { kind: 'held-back', by: 'supervisor', evidence }

    const incomplete: string[] = []
    let unknown: string | undefined
    for (const remedy of known.remedies) {
      const evidenceId = `e${evidence.length + 1}`
      const filled = fill(remedy, params, reached, policy)
      if (filled.kind === 'incomplete') {
        incomplete.push(filled.says)
        continue
      }
      if (filled.kind === 'not-here') {
        evidence.push({ evidenceId, probe: remedy.action, verdict: 'does-not-hold', facts: {}, says: protect(filled.says) })
        continue
      }
      const { action } = filled
      const probed = await probe(reached, action.precondition, signal)
      evidence.push(evidenceOf(evidenceId, action.id, probed))
      if (probed.verdict.kind === 'holds') return { kind: 'confirmed', remedy: confirmed(action, params, known), evidence }
      if (probed.verdict.kind === 'unknown') unknown ??= `${action.id}: ${probed.says ?? 'its probe proved nothing'}`
    }
    if (unknown !== undefined) return { kind: 'unknown', reason: unknown, evidence }
    if (incomplete.length === known.remedies.length) return { kind: 'report-only', reason: incomplete.join('; '), evidence }
    if (known.seenBySupervisor && health.level === 'up') return { kind: 'recovered', evidence }
    // No remedy found its fault, and yet the service is down: somebody has to hear of it.
    if (known.unremedied !== undefined && health.level === 'down') return { kind: 'report-only', reason: known.unremedied, evidence }
    return { kind: 'not-confirmed', evidence }
  }

type Params = EffectParams['investigate']
type Known = Readonly<{
  remedies: readonly Remedy[]
  diagnosis: string
  reportOnly: string
  unremedied?: string | undefined
  /** Not told by a line that anybody can write, but seen by Steward's own supervisor: it was there. */
  seenBySupervisor?: boolean
}>

function knownRemedies({ faultId, chosen }: Params, { target }: Reached, faults: ReadonlyMap<string, Fault>): Known | undefined {
  if (chosen) {
    // A model names an action; how its parameters are filled is written in the faults that use it, never in the answer.
    const { service } = target.registration
    const remedies = [...faults.values()].flatMap((fault) =>
      fault.service === service ? fault.remedies.filter(({ action }) => action === chosen.actionId) : [],
    )
    return { remedies, diagnosis: chosen.diagnosis, reportOnly: `no fault of the catalogue says how to fill ${chosen.actionId}` }
  }
  const fault = faultId === null ? undefined : faults.get(faultId)
  if (!fault) return undefined
  const { remedies, diagnosis, reportOnly = diagnosis, unremedied, detect } = fault
  return {
    remedies,
    diagnosis,
    reportOnly,
    unremedied,
    seenBySupervisor: detect.length > 0 && detect.every(({ kind }) => kind === 'supervisor'),
  }
}

type Filled =
  | Readonly<{ kind: 'bound'; action: BoundAction }>
  /** The inventory or the policy does not say what the action needs. */
  | Readonly<{ kind: 'incomplete'; says: string }>
  /** What the line points at is none of what was recorded while all was well. */
  | Readonly<{ kind: 'not-here'; says: string }>

function fill(remedy: Remedy, { hints }: Params, { target }: Reached, policy: Policy): Filled {
  const action = findAction(remedy.action)
  if (!action) return { kind: 'incomplete', says: `${remedy.action} is not in the catalogue` }
  const { registration, baseline, limits } = target
  const resolved = resolveRemedy(remedy, { target: registration, policy, baseline, limits, hints })
  if (resolved.kind === 'missing') {
    const says = `${remedy.action}: nothing is recorded for ${resolved.parameter} (${resolved.reference})`
    const pointsNowhere = resolved.reference.includes('hint.') || resolved.reference.includes('${baseline')
    return { kind: pointsNowhere ? 'not-here' : 'incomplete', says }
  }
  try {
    return { kind: 'bound', action: action.bind(resolved.params) }
  } catch (error) {
    return { kind: 'not-here', says: error instanceof Error ? error.message : String(error) }
  }
}

const confirmed = ({ id, version, params, title }: BoundAction, { chosen }: Params, { diagnosis }: Known): ConfirmedRemedy => ({
  action: { id, version, params },
  chosenBy: chosen ? 'analyst' : 'catalogue',
  confidence: chosen?.confidence ?? 1,
  diagnosis,
  title,
})
