/**
 * Makes the servers what a document describes - a backup, or a file that has changed - by the same commands that a person would give one by one: every
 * rule of today holds, each change can be undone by itself, and all of them together.
 */
import { type OpenedBundle, openBundle } from '../../domain/configuration/bundle.ts'
import { type ConfigurationPlan, type ConfigurationStep, type PlanOptions, planConfiguration } from '../../domain/configuration/plan.ts'
import type { DescribedServer } from '../../domain/configuration/read-servers.ts'
import { unreachable } from '../../domain/decider.ts'
import type { EventOf, Recorded } from '../../domain/events.ts'
import type { Hash } from '../../domain/ports/hash.ts'
import type { Json, JsonObject } from '../../domain/ports/json.ts'
import { CommandRefused } from '../command-refused.ts'
import { identityOf } from './export-configuration.ts'
import { knownServers } from './known-servers.ts'
import { type CommandMeta, type OperatorCommand, type OperatorTools, type Outcome, operatorCommand } from './operator-command.ts'
import { createParts, type PartOutcome, partId, type Summary, summaryOf } from './parts.ts'
import type { Preview, PreviewedCommand } from './previewed-command.ts'
import type { ServerCommands } from './server-commands.ts'

export type ApplyConfiguration = Readonly<{
  plan: ConfigurationPlan
  /** Of the plan that somebody has looked at. Absent: whatever is to be done now. */
  planHash?: string
  reason: string
}>

/** What was done, step by step. `commandId`: to undo that step alone. */
export type AppliedStep = Readonly<{ kind: ConfigurationStep['kind'] | 'undo'; name: string; commandId: string }> &
  (Readonly<{ outcome: 'done'; serverId: string }> | Readonly<{ outcome: 'refused'; rule: string; says: string }>)

type Applied = Summary & Readonly<{ steps: readonly JsonObject[] }>

export type PlannedStep = Readonly<{ step: ConfigurationStep; preview: Preview }>

export type ConfigurationCommands = Readonly<{
  /** Compares with the servers of today. */
  planServers: (described: readonly DescribedServer[], options?: Partial<PlanOptions>) => Promise<ConfigurationPlan>
  /** Whether a document is a whole bundle, and of this log. */
  openBundle: (value: unknown, options?: Readonly<{ acceptForeign?: boolean }>) => Promise<OpenedBundle>
  /** What each step would record, or the rule that forbids it, on the state of today. */
  previewConfiguration: (plan: ConfigurationPlan, reason: string, by: string) => Promise<readonly PlannedStep[]>
  applyConfiguration: OperatorCommand<ApplyConfiguration, Applied>
  undoConfiguration: OperatorCommand<Readonly<{ commandId: string; reason: string }>, Applied>
}>

type Undo = PreviewedCommand<Readonly<{ commandId: string; reason: string; besides?: readonly string[] }>>

export type ConfigurationOptions = Readonly<{
  commands: Pick<
    ServerCommands,
    'registerServer' | 'changeServerConfig' | 'enableServer' | 'disableServer' | 'restartServer' | 'retireServer'
  >
  undo: Undo
  hash: Hash
}>

/** The operator commands that a plan is made of: whoever applies it needs the permissions of all of them. */
export const commandsOf = ({ steps }: ConfigurationPlan): readonly string[] => [...new Set(steps.map(({ kind }) => COMMANDS[kind]))]

const COMMANDS = {
  retire: 'servers.retire',
  create: 'servers.register',
  change: 'servers.update',
  enable: 'servers.enable',
  disable: 'servers.disable',
  restart: 'servers.restart',
} as const satisfies Record<ConfigurationStep['kind'], string>

export function createConfigurationCommands(tools: OperatorTools, { commands, undo, hash }: ConfigurationOptions): ConfigurationCommands {
  const { log } = tools
  return {
    planServers: async (described, options) =>
      planConfiguration(await knownServers(log), described, { retireOthers: false, restartChanged: false, ...options, hash }),
    openBundle: async (value, options) => openBundle(value, { hash, logId: (await identityOf(log)).logId, ...options }),
    async previewConfiguration(plan, reason, by) {
      const previews: PlannedStep[] = []
      for (const step of plan.steps) previews.push({ step, preview: await commandOf(step, reason, commands).preview(by) })
      return previews
    },
    applyConfiguration: operatorCommand<ApplyConfiguration, Applied>(tools, {
      name: 'configuration.apply',
      subject: () => 'servers',
      // The steps as they were when the command came: a repeat after a crash must not plan anew on what is half done.
      body: ({ plan, planHash, reason }) =>
        asJson({ plan: { ...plan, servers: [] }, ...(planHash === undefined ? {} : { planHash }), reason }),
      async run({ plan, planHash, reason }, { meta, newId }) {
        if (planHash !== undefined && planHash !== plan.hash) {
          throw new CommandRefused({ rule: 'plan-changed-since', facts: { seen: planHash, now: plan.hash } })
        }
        const part = createParts(tools, meta)
        const applied: PartResult[] = []
        for (const step of plan.steps) {
          const outcome = await part(`${step.kind} ${step.name}`, commandOf(step, reason, commands).run)
          applied.push({ kind: step.kind, name: step.name, outcome })
        }
        return { id: newId, ...(await resultOf(applied, tools)) }
      },
      read: readApplied,
    }),
    undoConfiguration: operatorCommand<Readonly<{ commandId: string; reason: string }>, Applied>(tools, {
      name: 'configuration.undo',
      subject: ({ commandId }) => commandId,
      body: ({ commandId, reason }) => ({ commandId, reason, undoOf: commandId }),
      async run({ commandId, reason }, { meta, newId }) {
        const all = await stepsOf(commandId, tools)
        const done = all.filter(({ kind }) => kind !== 'restart').toReversed()
        const part = createParts(tools, meta)
        // What this undo and the command itself did to one server is nobody else's decision.
        const besides = all.flatMap((step) => [step.commandId, partId(tools.ids, meta.commandId, `undo ${step.commandId}`)])
        const undone: PartResult[] = []
        for (const step of done) {
          const outcome = await part(`undo ${step.commandId}`, (own) => undo({ commandId: step.commandId, reason, besides, meta: own }))
          undone.push({ kind: 'undo', name: step.name, outcome })
        }
        // A restart has no way back; what it put into force is taken out of force by another one.
        for (const { name, serverId } of all.filter(({ kind }) => kind === 'restart')) {
          const outcome = await part(`restart ${serverId}`, (own) => commands.restartServer({ id: serverId, reason, meta: own }))
          undone.push({ kind: 'restart', name, outcome })
        }
        return { id: newId, ...(await resultOf(undone, tools)) }
      },
      read: readApplied,
    }),
  }
}

type OneCommand = Readonly<{ run: (meta: CommandMeta) => Promise<Outcome>; preview: (by: string) => Promise<Preview> }>

function commandOf(step: ConfigurationStep, reason: string, commands: ConfigurationOptions['commands']): OneCommand {
  const with_ = <Input extends object>(command: PreviewedCommand<Input>, input: Readonly<Input>): OneCommand => ({
    run: (meta) => command({ ...input, meta }),
    preview: (by) => command.preview(input, by),
  })
  switch (step.kind) {
    case 'create': {
      const { name, config, enabled } = step
      return with_(commands.registerServer, { name, config, enabled })
    }
    case 'change':
      return with_(commands.changeServerConfig, { id: step.serverId, reason, config: step.config })
    case 'enable':
      return with_(commands.enableServer, { id: step.serverId, reason })
    case 'disable':
      return with_(commands.disableServer, { id: step.serverId, reason })
    case 'restart':
      return with_(commands.restartServer, { id: step.serverId, reason })
    case 'retire':
      return with_(commands.retireServer, { id: step.serverId, reason })
    default:
      return unreachable(step)
  }
}

type PartResult = Readonly<{ kind: AppliedStep['kind']; name: string; outcome: PartOutcome }>

async function resultOf(results: readonly PartResult[], { log }: OperatorTools) {
  const steps = results.map(({ kind, name, outcome }): AppliedStep => {
    const { commandId } = outcome
    if (outcome.kind === 'done') return { kind, name, commandId, outcome: 'done', serverId: outcome.outcome.id }
    const { rule, facts } = outcome
    const says = Object.entries(facts).map(([fact, value]) => `${fact}: ${value}`)
    return { kind, name, commandId, outcome: 'refused', rule, says: says.join(', ') }
  })
  const positions = results.flatMap(({ outcome }) => (outcome.kind === 'done' ? [outcome.outcome.position] : []))
  const done = steps.filter(({ outcome }) => outcome === 'done').length
  const position = positions.length > 0 ? positions.reduce((a, b) => (a > b ? a : b)) : ((await log.store.head()) ?? 0n)
  return { handled: { position, revision: undefined }, more: asJson({ ...summaryOf(done, steps.length - done), steps }) }
}

function readApplied({ outcome, done, refused, steps }: JsonObject): Applied {
  return {
    outcome: outcome === 'complete' || outcome === 'partial' ? outcome : 'nothing',
    done: Number(done),
    refused: Number(refused),
    steps: Array.isArray(steps) ? steps : [],
  }
}

/** The steps that an earlier command did, first to last. @throws CommandRefused there was none. */
async function stepsOf(commandId: string, { log }: OperatorTools): Promise<readonly DoneStep[]> {
  const { events } = await log.load(`command-${commandId}`)
  const receipt = events.find((event): event is Recorded<EventOf<'CommandReceived'>> => event.type === 'CommandReceived')
  const result = events.find((event): event is Recorded<EventOf<'CommandSucceeded'>> => event.type === 'CommandSucceeded')
  if (!receipt) throw new CommandRefused({ rule: 'command-unknown', facts: { commandId } })
  if (receipt.data.name !== 'configuration.apply' || !result) {
    const says = result ? 'it did not apply a configuration' : 'it has not ended, or did not succeed'
    throw new CommandRefused({ rule: 'command-not-undoable', facts: { command: receipt.data.name, says } })
  }
  return readApplied(result.data.result).steps.flatMap(({ kind, name, serverId, commandId: part, outcome }) =>
    outcome === 'done' && typeof name === 'string' && typeof part === 'string' && typeof serverId === 'string'
      ? [{ kind, name, serverId, commandId: part }]
      : [],
  )
}

type DoneStep = Readonly<{ kind: Json | undefined; name: string; serverId: string; commandId: string }>

const asJson = (value: object): JsonObject => JSON.parse(JSON.stringify(value))
