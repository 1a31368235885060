/** Makes the plan of a confirmed remedy as the host is now: changes nothing, and gives the same plan again while nothing has changed. */
import type { BoundAction, Prepared } from '../../domain/catalogue/bound-action.ts'
import { catalogueContents, findAction } from '../../domain/catalogue/catalogue.ts'
import type { Evidence } from '../../domain/incident/events.ts'
import type { Plan, PlanTerms } from '../../domain/plan/plan.ts'
import { planHashOf } from '../../domain/plan/plan-hash.ts'
import type { Policy } from '../../domain/policy.ts'
import type { Hash } from '../../domain/ports/hash.ts'
import type { TextDiff } from '../../domain/ports/text-diff.ts'
import type { ConfirmedRemedy } from '../../domain/processes/effects.ts'
import { protect } from '../../domain/protected.ts'
import { isBeingWorkedOn, previewChanges } from './preview-changes.ts'
import { evidenceOf, probe } from './probing.ts'
import type { Reached } from './reach.ts'
import { resolveResources } from './resolve-resources.ts'
import { MISSING_RIGHT, missingRights } from './rights.ts'

export type Drafting = Readonly<{ hash: Hash; diff: TextDiff; policy: Policy }>

export type Drafted =
  | Readonly<{ kind: 'drafted'; plan: Plan; action: BoundAction; prepared: Prepared }>
  | Readonly<{ kind: 'not-confirmed'; evidence: readonly Evidence[] }>
  | Readonly<{ kind: 'not-permitted'; rule: string; says: string }>
  | Readonly<{ kind: 'unknown'; reason: string }>

/** @throws HostUnreachable */
export async function draftPlan(
  incidentId: string,
  remedy: ConfirmedRemedy,
  reached: Reached,
  { hash, diff, policy }: Drafting,
  signal: AbortSignal,
): Promise<Drafted> {
  const known = findAction(remedy.action.id)
  if (!known || known.version !== remedy.action.version) {
    return { kind: 'not-permitted', rule: 'action-changed', says: `${remedy.action.id} is no longer at version ${remedy.action.version}` }
  }
  const action = known.bind(remedy.action.params)
  const probed = await probe(reached, action.precondition, signal)
  if (probed.verdict.kind === 'does-not-hold') return { kind: 'not-confirmed', evidence: [evidenceOf('e1', action.id, probed)] }
  const resolved = await resolveResources(action.resources, reached, signal)
  if (!resolved) return { kind: 'unknown', reason: 'where the files of the plan really lie could not be read' }
  const { resources, where } = resolved
  const prepared = probed.output && action.given(probed.output, where)
  if (probed.verdict.kind === 'unknown' || !prepared) return { kind: 'unknown', reason: probed.says ?? 'the precondition proved nothing' }

  if (prepared.dryRun) {
    const rehearsed = await reached.execute(prepared.dryRun, { signal, timeoutMs: action.timeoutMs })
    if (rehearsed.kind === 'text' && rehearsed.exitCode !== 0) {
      const says = rehearsed.stderr.trim() || rehearsed.stdout.trim() || `exit code ${rehearsed.exitCode}`
      return { kind: 'not-permitted', rule: 'dry-run-failed', says: `the dry run refused it: ${protect(says).text}` }
    }
  }
  const lacking = await missingRights(prepared.rights, reached, signal)
  if (lacking !== undefined) return { kind: 'not-permitted', rule: MISSING_RIGHT, says: lacking }
  const changes = await previewChanges(prepared, reached, diff, signal)
  if (!changes) return { kind: 'unknown', reason: 'the files that would change could not be read' }

  const { registration } = reached.target
  const terms: PlanTerms = {
    incidentId,
    targetId: registration.targetId,
    hostId: registration.hostId,
    hostKeyFingerprint: reached.host.hostKey.fingerprint,
    service: registration.service,
    action: remedy.action,
    reversibility: action.reversibility,
    risk: (await isBeingWorkedOn(changes, reached, signal)) ? 'high' : prepared.risk,
    resources,
    steps: prepared.steps.map(({ say }) => say),
    precondition: action.precondition.run,
    postcondition: action.postcondition.run,
    snapshot: prepared.snapshot.map((item) => (item.kind === 'file' ? `file ${item.path}` : `setting ${item.name}`)),
    files: changes.map(({ path, sha256Before, sha256After }) => ({ path, sha256Before, sha256After })),
    windowMs: policy.windowMs,
    timeoutMs: action.timeoutMs,
    catalogueVersion: hash.sha256(catalogueContents),
    policyVersion: policy.version,
  }
  const plan: Plan = {
    ...terms,
    planHash: planHashOf(terms, hash),
    title: action.title,
    diagnosis: remedy.diagnosis,
    chosenBy: remedy.chosenBy,
    confidence: remedy.confidence,
    rollback: rollbackInWords(action, prepared),
    diffs: changes.map(({ path, text }) => ({ path, diff: protect(text) })),
  }
  return { kind: 'drafted', plan, action, prepared }
}

function rollbackInWords({ reversibility, afterRestore }: BoundAction, { snapshot }: Prepared): string {
  if (reversibility !== 'reversible')
    return 'Nothing can be brought back: if it does not help, the target is frozen and a person is called.'
  const kept = snapshot.map((item) => (item.kind === 'file' ? item.path : `setting ${item.name}`)).join(', ')
  const then = afterRestore.map(({ say }) => say).join(', ')
  return `Puts ${kept} back as it was before${then === '' ? '' : `, then: ${then}`}; proves that it is.`
}
