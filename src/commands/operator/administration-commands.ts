/** Keys, projections and parked instances: what keeps Steward itself in order. */
import type { Instant } from '../../domain/instant.ts'
import type { Role } from '../../domain/key/events.ts'
import type { ProjectionOperation } from '../../domain/operation/events.ts'
import type { JsonObject } from '../../domain/ports/json.ts'
import type { Logger } from '../../domain/ports/logger.ts'
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
    rebuildProjection: projectionOperation(tools, options, 'projection-rebuild', (name) => options.projections.rebuild(name)),
    verifyProjection: projectionOperation(tools, options, 'projection-verify', (name) => options.projections.verify(name)),
    unparkInstance: createUnparkCommand(tools),
  }
}

/** Long work: answered at once with the operation, whose stream tells how it ends. */
function projectionOperation(
  tools: OperatorTools,
  { logger }: AdministrationOptions,
  kind: ProjectionOperation,
  work: (name: string) => Promise<JsonObject>,
): OperatorCommand<Readonly<{ name: string }>> {
  return operatorCommand<Readonly<{ name: string }>>(tools, {
    name: kind,
    subject: ({ name }) => name,
    body: ({ name }) => ({ name }),
    async run({ name }, { newId: operationId, meta, now, handle }) {
      const data = { operationId, kind, subject: name, by: meta.owner, now }
      const handled = await handle({ aggregate: 'operation', id: operationId, command: { type: 'StartOperation', data } })
      void finish(tools, operationId, () => work(name)).catch((error: unknown) =>
        logger.error({ operationId, error, correlationId: meta.correlationId }, 'the end of an operation could not be recorded'),
      )
      return { id: operationId, handled }
    },
    read: () => ({}),
  })
}

async function finish({ handle, ids, clock }: OperatorTools, operationId: string, work: () => Promise<JsonObject>): Promise<void> {
  const commandId = ids.derived('operation-ends', operationId)
  const cause = { actor: 'steward', correlationId: operationId, causationId: operationId, commandId }
  try {
    const result = await work()
    await handle(
      { aggregate: 'operation', id: operationId, command: { type: 'SucceedOperation', data: { result, now: clock.now() } } },
      cause,
    )
  } catch (error) {
    const [rule, says] = error instanceof Error ? [error.name, error.message] : ['unknown', String(error)]
    const command = { type: 'FailOperation', data: { rule, says, now: clock.now() } } as const
    await handle({ aggregate: 'operation', id: operationId, command }, cause)
  }
}
