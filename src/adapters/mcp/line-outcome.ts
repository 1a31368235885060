/** How what was asked on a line ended, in the words of whoever asked. */
import { isObject } from '../../domain/mcp/meta.ts'
import type { JsonObject } from '../../domain/ports/json.ts'
import { LinkEnded, McpRequestFailed, type RequestLoss, type Settlement } from '../../domain/ports/mcp.ts'
import { ServerNotReading } from './stdio-link.ts'

export function lossOf(error: unknown): RequestLoss {
  const says = error instanceof Error ? error.message : String(error)
  if (error instanceof ServerNotReading) return { rule: 'server-not-reading', says, unseen: true }
  return { rule: 'link-ended', says, unseen: error instanceof LinkEnded && error.unsent }
}

/** The answer to something that was asked in our own name. */
export function conclude(method: string, settlement: Settlement, { resolve, reject }: PromiseWithResolvers<JsonObject>) {
  switch (settlement.kind) {
    case 'timed-out':
      return reject(new McpRequestFailed({ rule: 'timed-out', says: `${method} was not answered within ${settlement.afterMs} ms` }))
    case 'lost':
      return reject(new McpRequestFailed({ rule: settlement.loss.rule, says: `${method} was not answered: ${settlement.loss.says}` }))
    case 'answered': {
      const { result: value, error } = settlement.message.value
      if (isObject(value)) return resolve(value)
      const facts = isObject(error) ? error : {}
      const message = typeof facts['message'] === 'string' ? facts['message'] : 'without words'
      return reject(
        new McpRequestFailed({
          rule: 'refused-by-server',
          says: `${method} was refused: ${message}`,
          ...(typeof facts['code'] === 'number' ? { code: facts['code'] } : {}),
          ...(facts['data'] === undefined ? {} : { data: facts['data'] }),
        }),
      )
    }
  }
}
