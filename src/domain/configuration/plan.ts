/** What has to happen so that the servers are as a document describes them: the same plan for a restored backup and for a file that has changed. */
import { canonicalJson } from '../canonical-json.ts'
import type { Hash } from '../ports/hash.ts'
import type { Json } from '../ports/json.ts'
import type { ServerConfig } from '../server/config.ts'
import { diffConfigs, type FieldChange } from '../server/config-diff.ts'
import type { RegisteredServer } from '../server/state.ts'
import type { DescribedServer } from './read-servers.ts'

/** One command each, in this order. */
export type ConfigurationStep =
  | Readonly<{ kind: 'retire'; serverId: string; name: string }>
  | Readonly<{ kind: 'create'; name: string; enabled: boolean; config: ServerConfig }>
  | Readonly<{ kind: 'change'; serverId: string; name: string; config: ServerConfig }>
  | Readonly<{ kind: 'enable'; serverId: string; name: string }>
  | Readonly<{ kind: 'disable'; serverId: string; name: string }>
  /** So that a run that is under way has the changed configuration. */
  | Readonly<{ kind: 'restart'; serverId: string; name: string }>

export type ServerPlan = Readonly<{
  name: string
  serverId: string | undefined
  steps: readonly ConfigurationStep['kind'][]
  diff: readonly FieldChange[]
}>

export type ConfigurationPlan = Readonly<{
  steps: readonly ConfigurationStep[]
  /** Of every server that the document or the fleet has, by name. No steps: it is as described, or not described and left alone. */
  servers: readonly ServerPlan[]
  /** Another one: it is not the plan that somebody has looked at. */
  hash: string
}>

const ORDER = ['disable', 'retire', 'create', 'change', 'enable', 'restart'] as const satisfies readonly ConfigurationStep['kind'][]

export type PlanOptions = Readonly<{
  /** What the document does not describe goes. Otherwise it is left alone. */
  retireOthers: boolean
  /** A server that runs goes on with the changed configuration. Otherwise that is what its next run has. */
  restartChanged: boolean
}>

export function planConfiguration(
  current: readonly RegisteredServer[],
  described: readonly DescribedServer[],
  { hash, ...options }: PlanOptions & Readonly<{ hash: Hash }>,
): ConfigurationPlan {
  const there = new Map(current.map((server) => [server.name, server]))
  const wanted = new Map(described.map((server) => [server.name, server]))
  const names = [...new Set([...there.keys(), ...wanted.keys()])].sort()
  const all = names.map((name) => ({ name, ...planServer(there.get(name), wanted.get(name), options) }))
  const steps = ORDER.flatMap((kind) => all.flatMap(({ steps }) => steps.filter((step) => step.kind === kind)))
  return {
    steps,
    servers: all.map(({ name, steps, diff }) => ({
      name,
      serverId: there.get(name)?.serverId,
      steps: steps.map(({ kind }) => kind),
      diff,
    })),
    hash: hash.sha256(canonicalJson(asJson(steps))),
  }
}

type Planned = Readonly<{ steps: readonly ConfigurationStep[]; diff: readonly FieldChange[] }>

function planServer(
  is: RegisteredServer | undefined,
  should: DescribedServer | undefined,
  { retireOthers, restartChanged }: PlanOptions,
): Planned {
  if (!should) {
    // Built-in servers are no part of a configuration; they cannot be retired either.
    if (!retireOthers || is === undefined || is.builtIn) return { steps: [], diff: [] }
    const { serverId, name } = is
    // Retiring disables as well, but what is restored stays disabled: with a step of its own, an undo enables it again.
    return { steps: [...(is.enabled ? [{ kind: 'disable', serverId, name } as const] : []), { kind: 'retire', serverId, name }], diff: [] }
  }
  const { name, enabled, config } = should
  if (!is) return { steps: [{ kind: 'create', name, enabled, config }], diff: [] }
  const { serverId } = is
  const diff = diffConfigs(is.config, config)
  const toggle: readonly ConfigurationStep[] = is.enabled === enabled ? [] : [{ kind: enabled ? 'enable' : 'disable', serverId, name }]
  if (diff.length === 0) return { steps: toggle, diff }
  const restarts = restartChanged && is.run !== undefined && is.enabled && enabled && is.desired === 'running'
  const restart: readonly ConfigurationStep[] = restarts ? [{ kind: 'restart', serverId, name }] : []
  return { steps: [{ kind: 'change', serverId, name, config }, ...toggle, ...restart], diff }
}

const asJson = (steps: readonly ConfigurationStep[]): Json => JSON.parse(JSON.stringify(steps))
