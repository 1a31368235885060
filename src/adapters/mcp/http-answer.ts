/** What a managed server answered to one HTTP request, read within a bound and judged by class: never by its words. */
import type { IncomingMessage } from 'node:http'
import { idOf, isReadable, type Message, type RequestId, readMessage } from '../../domain/mcp/message.ts'
import { isObject } from '../../domain/mcp/meta.ts'
import { readdressAnswer, reread } from '../../domain/mcp/readdress.ts'

export class TooLong extends Error {
  override readonly name = 'TooLong'
}

export function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : undefined
}

export async function readText(response: IncomingMessage, maxBytes: number): Promise<string> {
  let text = ''
  response.setEncoding('utf8')
  for await (const chunk of response) {
    text += String(chunk)
    if (text.length > maxBytes) {
      response.destroy()
      throw new TooLong(`its answer is longer than ${maxBytes} bytes`)
    }
  }
  return text
}

export const isAnswerTo = (message: Message, id: RequestId): boolean =>
  (message.kind === 'result' || message.kind === 'error') && idOf(message) === id

/** An error of JSON-RPC in the body of a refusal, under the id of the request, which it may leave out. */
export function errorIn(body: string, id: RequestId): Message | undefined {
  const message = readMessage(body)
  if (!isReadable(message) || message.kind !== 'error') return undefined
  return idOf(message) === id ? message : reread(readdressAnswer(message, id))
}

/** A server that judged the request itself says so under its id; one that does not know the session has not read so far. */
export function isVerdict(body: string, id: RequestId): boolean {
  const message = readMessage(body)
  return isReadable(message) && message.kind === 'error' && idOf(message) === id && isObject(message.value['error'])
}

export function saysOf(status: number): string {
  if (status >= 300 && status < 400) return `it answered with status ${status}; redirects are not followed`
  if (status === 401 || status === 403) return `it answered with status ${status}: the credentials given for it are not accepted`
  return `it answered with status ${status}`
}
