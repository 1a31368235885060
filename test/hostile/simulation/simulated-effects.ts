/** The looks at a simulated host. Only running and settling steps are the real handlers: those are what the simulation is about. */
import type { EffectHandlers } from '../../../src/commands/effect-runner.ts'
import type { Authority } from '../../../src/domain/incident/events.ts'
import type { Plan } from '../../../src/domain/plan/plan.ts'
import type { Hash } from '../../../src/domain/ports/hash.ts'
import type { ConfirmedRemedy, NamedStep } from '../../../src/domain/processes/effects.ts'
import type { Life } from './life.ts'
import type { Random } from './random.ts'
import type { SimulatedHost } from './simulated-host.ts'

export function simulatedEffects(
  life: Life,
  { host, random, hash }: { host: SimulatedHost; random: Random; hash: Hash },
): Omit<EffectHandlers, 'run-step' | 'settle'> {
  const service = (targetId: string) => {
    const found = host.services.get(targetId)
    if (!found) throw new Error(`no service of ${targetId}`)
    return found
  }
  const unseen = () => random.chance(0.05)
  return {
    'clean-up': () => life.at('clean-up', async () => ({ kind: 'dropped', rows: {} })),
    survey: () => life.at('survey', async () => ({ kind: 'seen', baseline: [], limits: {} })),
    analyse: () => life.at('analyse', async () => ({ kind: 'no-analyst' })),
    investigate: ({ targetId }) =>
      life.at('investigate', async () => {
        if (unseen()) return { kind: 'unknown', reason: 'simulated', evidence: [] }
        return service(targetId).faultPresent ? { kind: 'confirmed', remedy, evidence: [] } : { kind: 'not-confirmed', evidence: [] }
      }),
    draft: ({ incidentId, targetId }) =>
      life.at('draft', async () => {
        if (unseen()) return { kind: 'unknown', reason: 'simulated' }
        if (!service(targetId).faultPresent) return { kind: 'not-confirmed', evidence: [] }
        const authority: Authority = random.chance(0.5) ? { kind: 'policy', rule: 'simulated' } : { kind: 'person', because: ['simulated'] }
        return { kind: 'drafted', plan: planOf(incidentId, targetId, hash), authority, approversNeeded: 1, actionsPerHostPerHour: 6 }
      }),
    prepare: ({ targetId, plan }) =>
      life.at('prepare', async () => {
        if (unseen()) return { kind: 'unknown', reason: 'simulated' }
        if (random.chance(0.05)) return { kind: 'drifted', changed: ['simulated'] }
        if (!service(targetId).faultPresent) return { kind: 'not-confirmed', evidence: [] }
        const step = (name: string): NamedStep => ({ name, say: name, run: { kind: 'script', script: 'simulated.sh', args: [targetId] } })
        const reversible = plan.reversibility === 'reversible'
        return {
          kind: 'prepared',
          steps: [step('fix-1'), step('fix-2')],
          rollback: reversible ? [step('restore-1'), step('restore-2')] : [],
          before: { files: {}, settings: {}, health: 'up', precondition: 'holds' },
          meant: { files: {}, settings: {} },
        }
      }),
    verify: ({ targetId }) =>
      life.at('verify', async () => {
        if (unseen()) return { kind: 'unknown', reason: 'simulated' }
        return service(targetId).faultPresent ? { kind: 'does-not-hold', facts: {}, says: 'simulated' } : { kind: 'holds', probes: 5 }
      }),
    prove: ({ targetId }) =>
      life.at('prove', async () => {
        if (unseen()) return { kind: 'unknown', reason: 'simulated' }
        return service(targetId).changed ? { kind: 'different', differences: ['simulated'] } : { kind: 'same' }
      }),
  }
}

const remedy: ConfirmedRemedy = {
  action: { id: 'redis.raise-maxmemory', version: 1, params: {} },
  chosenBy: 'catalogue',
  confidence: 1,
  diagnosis: 'simulated',
  title: 'simulated',
}

function planOf(incidentId: string, targetId: string, hash: Hash): Plan {
  const probe = { kind: 'exec', argv: ['true'] } as const
  return {
    incidentId,
    targetId,
    hostId: 'host',
    hostKeyFingerprint: 'SHA256:simulated',
    service: 'redis',
    action: remedy.action,
    reversibility: targetId === 'compensable' ? 'compensable' : 'reversible',
    risk: 'medium',
    resources: ['service:redis'],
    steps: ['fix-1', 'fix-2'],
    precondition: probe,
    postcondition: probe,
    snapshot: [],
    files: [],
    windowMs: 1_000,
    timeoutMs: 20_000,
    catalogueVersion: 'simulated',
    policyVersion: 'simulated',
    planHash: hash.sha256(`${incidentId} ${targetId}`),
    title: 'simulated',
    diagnosis: 'simulated',
    chosenBy: 'catalogue',
    confidence: 1,
    rollback: 'simulated',
    diffs: [],
  }
}
