/** Binds a plan: the same terms give the same hash, and any other terms another one. */
import { canonicalJson } from '../canonical-json.ts'
import type { Hash } from '../ports/hash.ts'
import type { PlanTerms } from './plan.ts'

export const planHashOf = (terms: PlanTerms, hash: Hash): string => hash.sha256(canonicalJson(terms))

/** The terms that are no longer the same, by name; for the person whose approval they void. */
export function changedTerms(approved: PlanTerms, current: PlanTerms): readonly string[] {
  const names = termNames.filter((name) => canonicalJson(approved[name]) !== canonicalJson(current[name]))
  return names.flatMap((name) => (name === 'files' ? changedFiles(approved, current) : [name]))
}

const changedFiles = (approved: PlanTerms, current: PlanTerms): readonly string[] =>
  [...new Set([...approved.files, ...current.files].map(({ path }) => path))].filter((path) => {
    const [a, b] = [approved, current].map(({ files }) => files.find((file) => file.path === path))
    return a?.sha256Before !== b?.sha256Before || a?.sha256After !== b?.sha256After
  })

/** Exactly the fields that the hash covers; a field that is forgotten here does not compile. */
const covered: Readonly<Record<keyof PlanTerms, true>> = {
  incidentId: true,
  targetId: true,
  hostId: true,
  hostKeyFingerprint: true,
  service: true,
  action: true,
  reversibility: true,
  risk: true,
  resources: true,
  steps: true,
  precondition: true,
  postcondition: true,
  snapshot: true,
  files: true,
  windowMs: true,
  timeoutMs: true,
  catalogueVersion: true,
  policyVersion: true,
}
const isTerm = (name: string): name is keyof PlanTerms => name in covered
const termNames = Object.keys(covered).filter(isTerm)

/** The terms alone, out of a whole plan. */
export const termsOf = ({
  incidentId,
  targetId,
  hostId,
  hostKeyFingerprint,
  service,
  action,
  reversibility,
  risk,
  resources,
  steps,
  precondition,
  postcondition,
  snapshot,
  files,
  windowMs,
  timeoutMs,
  catalogueVersion,
  policyVersion,
}: PlanTerms): PlanTerms => ({
  incidentId,
  targetId,
  hostId,
  hostKeyFingerprint,
  service,
  action,
  reversibility,
  risk,
  resources,
  steps,
  precondition,
  postcondition,
  snapshot,
  files,
  windowMs,
  timeoutMs,
  catalogueVersion,
  policyVersion,
})
