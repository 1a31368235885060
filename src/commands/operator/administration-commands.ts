/** Keys, projections and parked instances: what keeps Steward itself in order. */
import type { Instant } from '../../domain/instant.ts'
import type { Role } from '../../domain/key/events.ts'
import type { JsonObject } from '../../domain/ports/json.ts'
import type { Logger } from '../../domain/ports/logger.ts'
import { backgroundOperation } from './background-operation.ts'
import { type OperatorCommand, type OperatorTools, operatorCommand, simpleCommand } from './operator-command.ts'
import { createUnparkCommand, type Unpark } from './unpark-command.ts'

type CreateKey = Readonly<{ name: string; role: Role; owner: string; expiresAt?: Instant; sha256: string }>

export type AdministrationCommands = Readonly<{
  createKey: OperatorCommand<CreateKey, { sha256: string }>
  revokeKey: OperatorCommand<Readonly<{ id: string; reason: string }>>
  rebuildProjection: OperatorCommand<Readonly<{ name: string }>>
  verifyProjection: OperatorCommand<Readonly<{ name: string }>>
  unparkInstance: OperatorCommand<Unpark>
}>

/** The read models, as an operator works on them. Both answer with facts for the operation's result. */
export interface ProjectionAdministration {
  rebuild(name: string): Promise<JsonObject>
  verify(name: string): Promise<JsonObject>
}

export type AdministrationOptions = Readonly<{ projections: ProjectionAdministration; logger: Logger }>

export function createAdministrationCommands(tools: OperatorTools, options: AdministrationOptions): AdministrationCommands {
  return {
    createKey: operatorCommand<CreateKey, { sha256: string }>(tools, {
      name: 'keys.create',
      subject: ({ name }) => name,
      // The hash stands for the key; the key itself was never here.
      body: ({ name, role, owner, expiresAt, sha256 }) => ({
        name,
        role,
        owner,
        ...(expiresAt === undefined ? {} : { expiresAt }),
        sha256,
      }),
      async run({ name, role, owner, expiresAt, sha256 }, { newId: keyId, meta, now, handle }) {
        const expiry = expiresAt === undefined ? {} : { expiresAt }
        const data = { keyId, name, role, owner, sha256, ...expiry, by: meta.owner, at: now }
        const handled = await handle({ aggregate: 'key', id: keyId, command: { type: 'CreateApiKey', data } })
        return { id: keyId, handled, more: { sha256 } }
      },
      read: ({ sha256 }) => ({ sha256: typeof sha256 === 'string' ? sha256 : '' }),
    }),
    revokeKey: simpleCommand(
      tools,
      'keys.revoke',
      ({ id, reason }, { meta, now }) => ({
        aggregate: 'key',
        id,
        command: { type: 'RevokeApiKey', data: { by: meta.owner, reason, now } },
      }),
      ({ id, reason }) => ({ id, reason }),
    ),
    rebuildProjection: backgroundOperation(tools, options, 'projection-rebuild', (name) => options.projections.rebuild(name)),
    verifyProjection: backgroundOperation(tools, options, 'projection-verify', (name) => options.projections.verify(name)),
    unparkInstance: createUnparkCommand(tools),
  }
}
