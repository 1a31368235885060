/** From a line of a log to a bound action, by the real fault files: what triage and planning do, without the processes. */
import { fileURLToPath } from 'node:url'
import { loadFaults } from '../../src/adapters/fault-files/fault-files.ts'
import { compileLogMatcher } from '../../src/adapters/log-matcher/log-matcher.ts'
import type { BoundAction } from '../../src/domain/catalogue/bound-action.ts'
import { findAction } from '../../src/domain/catalogue/catalogue.ts'
import type { Hints } from '../../src/domain/catalogue/fault.ts'
import { type RemedyContext, resolveRemedy } from '../../src/domain/catalogue/remedies.ts'
import { denyAll } from '../../src/domain/policy.ts'

export const faultsDirectory = fileURLToPath(new URL('../../faults/', import.meta.url))

const faults = await loadFaults(faultsDirectory, compileLogMatcher)
const matcher = compileLogMatcher(faults)

/** Which fault a line means, and its hints. */
export const recognise = (line: string): { fault: string; hints: Hints } | undefined => {
  const [match] = matcher.match([line])
  return match && { fault: match.fault.id, hints: match.hints }
}

/** The nth remedy of a fault, bound. */
export function planRemedy(
  faultId: string,
  context: Omit<RemedyContext, 'policy' | 'hints'> & Partial<RemedyContext>,
  nth = 0,
): BoundAction {
  const remedy = faults.find(({ id }) => id === faultId)?.remedies[nth]
  if (remedy === undefined) throw new Error(`no such remedy: ${faultId} ${nth}`)
  const resolved = resolveRemedy(remedy, { policy: denyAll, hints: {}, ...context })
  if (resolved.kind === 'missing') throw new Error(`missing ${resolved.reference}`)
  const action = findAction(remedy.action)
  if (action === undefined) throw new Error(`no such action: ${remedy.action}`)
  return action.bind(resolved.params)
}
