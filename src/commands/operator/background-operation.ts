/** Long work of one piece: answered at once with the operation, whose stream tells how it ends. Its instance dies with it: then it is asked for again. */
import type { SingleOperation } from '../../domain/operation/events.ts'
import type { JsonObject } from '../../domain/ports/json.ts'
import type { Logger } from '../../domain/ports/logger.ts'
import { type OperatorCommand, type OperatorTools, operatorCommand } from './operator-command.ts'

export function backgroundOperation(
  tools: OperatorTools,
  { logger }: Readonly<{ logger: Logger }>,
  kind: SingleOperation,
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
