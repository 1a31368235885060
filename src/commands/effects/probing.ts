/** Asks a probe on the host and says honestly what came of it: yes, no, or unknown with the reason. A probe that fails proves nothing. */
import type { BoundProbe, Verdict } from '../../domain/catalogue/bound-action.ts'
import { type HealthLevel, healthProbe } from '../../domain/catalogue/health.ts'
import type { Output } from '../../domain/catalogue/program.ts'
import type { Evidence } from '../../domain/incident/events.ts'
import type { JsonObject } from '../../domain/ports/json.ts'
import { RemoteOutcomeUnknown, RemoteTimeout, ServiceRefused } from '../../domain/ports/remote-host.ts'
import { type Protected, protect } from '../../domain/protected.ts'
import type { Reached } from './reach.ts'

export type Probed = Readonly<{ verdict: Verdict; output: Output | undefined; says: string | undefined }>

/** @throws HostUnreachable: then nothing at all can be seen. */
export async function probe(reached: Reached, bound: BoundProbe, signal: AbortSignal): Promise<Probed> {
  try {
    const output = await reached.execute(bound.run, { signal })
    return { verdict: bound.judge(output), output, says: undefined }
  } catch (error) {
    if (!isAnswerless(error)) throw error
    return { verdict: { kind: 'unknown' }, output: undefined, says: error.message }
  }
}

/** The service refused, or no answer came: the host itself was there. */
export const isAnswerless = (error: unknown): error is ServiceRefused | RemoteTimeout | RemoteOutcomeUnknown =>
  error instanceof ServiceRefused || error instanceof RemoteTimeout || error instanceof RemoteOutcomeUnknown

export function evidenceOf(evidenceId: string, probeName: string, { verdict, says }: Probed): Evidence {
  const facts = verdict.kind === 'unknown' ? {} : verdict.facts
  return { evidenceId, probe: probeName, verdict: verdict.kind, facts, ...(says === undefined ? {} : { says: protect(says) }) }
}

export type SeenHealth = Readonly<{ level: HealthLevel; facts: JsonObject; says: Protected | undefined; tended?: boolean }>

/** A service that refuses to talk while its host answers is down. */
export async function probeHealth(reached: Reached, signal: AbortSignal): Promise<SeenHealth> {
  const asked = healthProbe(reached.target.registration)
  if (!asked) return { level: 'unknown', facts: {}, says: protect('the registration does not say how to reach the service') }
  try {
    return { ...asked.read(await reached.execute(asked.run, { signal })), says: undefined }
  } catch (error) {
    if (!isAnswerless(error)) throw error
    return { level: error instanceof ServiceRefused ? 'down' : 'unknown', facts: {}, says: protect(error.message) }
  }
}

export const healthEvidence = (evidenceId: string, { level, facts, says }: SeenHealth): Evidence => ({
  evidenceId,
  probe: 'health',
  verdict: level === 'unknown' ? 'unknown' : level === 'up' ? 'holds' : 'does-not-hold',
  facts: { level, ...facts },
  ...(says === undefined ? {} : { says }),
})
