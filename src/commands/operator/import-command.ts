/**
 * Imports servers that discovery found: secrets go into files first, then each server is registered, disabled, by the same command as any other. A
 * server that is refused leaves no file behind.
 */

import type { FoundServer } from '../../domain/discovery/found.ts'
import { withGiven } from '../../domain/discovery/take-secrets.ts'
import type { Hash } from '../../domain/ports/hash.ts'
import type { JsonObject } from '../../domain/ports/json.ts'
import { SecretNotKept, type SecretVault } from '../../domain/ports/secret-vault.ts'
import type { Secret, SecretReference } from '../../domain/ports/secrets.ts'
import type { ServerConfig } from '../../domain/server/config.ts'
import { type Choice, choose, type Discover, type Discovery, type Duplicate } from './discovery.ts'
import { knownServers } from './known-servers.ts'
import { type CommandMeta, type OperatorCommand, type OperatorTools, operatorCommand } from './operator-command.ts'
import { createParts, partId, type RunPart, type Summary, summaryOf } from './parts.ts'
import type { Preview } from './previewed-command.ts'
import type { ServerCommands } from './server-commands.ts'

export type ImportServers = Readonly<{ choices: readonly Choice[]; reason: string }>

export type ImportItem = Readonly<{ candidateId: string; name: string | null }> &
  (
    | Readonly<{ outcome: 'registered'; serverId: string; commandId: string }>
    | Readonly<{ outcome: 'duplicate'; duplicateOf: Duplicate }>
    | Readonly<{ outcome: 'refused'; rule: string; says: string }>
  )

export type ImportPreviewItem =
  | Readonly<{ candidateId: string; name: string; outcome: 'would-register'; found: FoundServer; preview: Preview }>
  | Exclude<ImportItem, { outcome: 'registered' }>

export type ImportCommand = OperatorCommand<ImportServers, Summary & Readonly<{ items: readonly JsonObject[] }>> &
  Readonly<{ preview: (input: ImportServers, by: string) => Promise<readonly ImportPreviewItem[]> }>

export type ImportOptions = Readonly<{
  discover: Discover
  vault: SecretVault
  commands: Pick<ServerCommands, 'registerServer'>
  hash: Hash
}>

export function createImportCommand(tools: OperatorTools, options: ImportOptions): ImportCommand {
  const { discover, commands, hash } = options
  const run = operatorCommand<ImportServers, Summary & { items: readonly JsonObject[] }>(tools, {
    name: 'servers.import',
    subject: ({ choices }) => `${choices.length} servers`,
    body: ({ choices, reason }) => ({ choices: choices.map((choice) => ({ ...choice })), reason }),
    async run({ choices }, { meta, newId }) {
      // What was registered before a crash needs no file any more, so it is looked for first.
      const discovery = await discover()
      const part = createParts(tools, meta)
      const items: ImportItem[] = []
      let position = (await tools.log.store.head()) ?? 0n
      for (const choice of choices) {
        const { item, at = position } = await importOne(choice, { discovery, part, meta, tools, ...options })
        items.push(item)
        if (at > position) position = at
      }
      const registered = items.filter(({ outcome }) => outcome === 'registered').length
      const refused = items.filter(({ outcome }) => outcome === 'refused').length
      return {
        id: newId,
        handled: { position, revision: undefined },
        more: { ...summaryOf(registered, refused), items: items.map(asJson) },
      }
    },
    read: (result) => {
      const { outcome, done, refused, items } = result
      return {
        outcome: outcome === 'complete' || outcome === 'partial' ? outcome : 'nothing',
        done: Number(done),
        refused: Number(refused),
        items: Array.isArray(items) ? items : [],
      }
    },
  })
  return Object.assign(run, {
    async preview({ choices }: ImportServers, by: string): Promise<readonly ImportPreviewItem[]> {
      const discovery = await discover()
      const known = await knownServers(tools.log)
      const seen = new Set<string>()
      const items: ImportPreviewItem[] = []
      for (const choice of choices) {
        const { candidateId } = choice
        const chosen = choose(discovery, choice, { known, hash })
        if (chosen.kind === 'refused') {
          items.push({ candidateId, name: chosen.name ?? null, outcome: 'refused', rule: chosen.rule, says: chosen.says })
          continue
        }
        const { found, duplicateOf } = chosen
        const { name, config } = found
        if (duplicateOf) items.push({ candidateId, name, outcome: 'duplicate', duplicateOf })
        else if (seen.has(name))
          items.push({ candidateId, name, outcome: 'refused', rule: 'name-taken', says: 'another one that was chosen has this name' })
        else if (config) {
          const preview = await commands.registerServer.preview({ name, config, enabled: false }, by)
          items.push(
            preview.refusal
              ? { candidateId, name, outcome: 'refused', rule: preview.refusal.rule, says: wordsOf(preview.refusal.facts) }
              : { candidateId, name, outcome: 'would-register', found, preview },
          )
        }
        seen.add(name)
      }
      return items
    },
  })
}

type OneImport = ImportOptions & Readonly<{ discovery: Discovery; part: RunPart; meta: CommandMeta; tools: OperatorTools }>

async function importOne(
  choice: Choice,
  { discovery, part, meta, tools, vault, commands, hash }: OneImport,
): Promise<Readonly<{ item: ImportItem; at?: bigint }>> {
  const { candidateId } = choice
  const commandId = partId(tools.ids, meta.commandId, candidateId)
  const serverId = tools.ids.derived('servers.register', commandId)
  const register = (name: string, config: ServerConfig) =>
    part(candidateId, (own) => commands.registerServer({ name, config, enabled: false, meta: own }))
  const { state } = await tools.log.states.server(serverId)
  if (state.situation !== 'absent') {
    const again = await register(state.name, state.config)
    const at = again.kind === 'done' ? { at: again.outcome.position } : {}
    return { item: { candidateId, name: state.name, outcome: 'registered', serverId, commandId }, ...at }
  }
  const chosen = choose(discovery, choice, { known: await knownServers(tools.log), hash })
  const refused = (name: string | undefined, rule: string, says: string) =>
    ({ item: { candidateId, name: name ?? null, outcome: 'refused', rule, says } }) as const
  if (chosen.kind === 'refused') return refused(chosen.name, chosen.rule, chosen.says)
  const { found, duplicateOf } = chosen
  const { name, config } = found
  if (duplicateOf) return { item: { candidateId, name, outcome: 'duplicate', duplicateOf } }
  if (!config) return refused(name, 'server-config-invalid', 'cannot be registered')
  const preview = await commands.registerServer.preview({ name, config, enabled: false }, meta.owner)
  if (preview.refusal) return refused(name, preview.refusal.rule, wordsOf(preview.refusal.facts))

  const folder = `imported/${name}-${serverId.slice(-8)}`
  const { secrets } = found
  // From an attempt that ended in the middle: its server was never registered.
  if (secrets.length > 0) await vault.withdraw(folder)
  const kept = await keepAll(vault, folder, secrets)
  if (kept instanceof SecretNotKept) {
    await vault.withdraw(folder).catch(() => undefined)
    return refused(name, 'secret-not-kept', `${kept.secretName}: ${kept.rule}`)
  }
  const { transport } = withGiven(config.transport, kept)
  const outcome = await register(name, { ...config, transport })
  if (outcome.kind === 'refused') {
    if (secrets.length > 0) await vault.withdraw(folder)
    return refused(name, outcome.rule, wordsOf(outcome.facts))
  }
  return { item: { candidateId, name, outcome: 'registered', serverId: outcome.outcome.id, commandId }, at: outcome.outcome.position }
}

async function keepAll(
  vault: SecretVault,
  folder: string,
  secrets: readonly Readonly<{ field: string; slug: string; value: Secret }>[],
): Promise<ReadonlyMap<string, SecretReference> | SecretNotKept> {
  const references = new Map<string, SecretReference>()
  try {
    for (const { field, slug, value } of secrets) references.set(field, await vault.put(`${folder}/${slug}`, value))
    return references
  } catch (error) {
    if (error instanceof SecretNotKept) return error
    throw error
  }
}

const wordsOf = (facts: Readonly<Record<string, string | number | boolean>>): string =>
  typeof facts['says'] === 'string'
    ? facts['says']
    : Object.entries(facts)
        .map(([name, value]) => `${name}: ${value}`)
        .join(', ')

const asJson = (item: ImportItem): JsonObject => JSON.parse(JSON.stringify(item))
