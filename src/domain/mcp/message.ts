/**
 * One JSON-RPC message, as it came and as it reads. Whatever is passed on is passed on as text, so that numbers, order and escapes stay as they
 * were written; whatever is decided is decided on the parsed value.
 */
import type { Json, JsonObject } from '../ports/json.ts'
import { isDeeperThan } from './json-text.ts'
import { isObject } from './meta.ts'

export type RequestId = string | number

export type Message = Readonly<{
  /** One line. */
  text: string
  value: JsonObject
  kind: 'request' | 'notification' | 'result' | 'error'
}>

export type Unreadable = Readonly<{ unreadable: 'not-json' | 'too-deep' | 'batch' | 'not-json-rpc'; id?: RequestId }>

/** It can be parsed however deep it is, but not written again: that takes stack for each level. */
export const MOST_LEVELS = 256

export function readMessage(raw: string): Message | Unreadable {
  if (isDeeperThan(MOST_LEVELS, raw)) return { unreadable: 'too-deep' }
  let value: Json
  try {
    value = JSON.parse(raw) as Json
  } catch {
    return { unreadable: 'not-json' }
  }
  if (Array.isArray(value)) return { unreadable: 'batch' }
  if (!isObject(value)) return { unreadable: 'not-json-rpc' }
  const kind = kindOf(value)
  if (kind === undefined) return { unreadable: 'not-json-rpc', ...(isRequestId(value['id']) ? { id: value['id'] } : {}) }
  return { text: oneLine(raw), value, kind }
}

export const isReadable = (message: Message | Unreadable): message is Message => 'kind' in message

/** A message of our own. */
export function makeMessage(value: JsonObject): Message {
  const kind = kindOf(value)
  if (kind === undefined) throw new TypeError('no message of JSON-RPC')
  return { text: JSON.stringify(value), value, kind }
}

export const request = (id: RequestId, method: string, params: JsonObject = {}): Message =>
  makeMessage({ jsonrpc: '2.0', id, method, params })

export const notification = (method: string, params?: JsonObject): Message =>
  makeMessage({ jsonrpc: '2.0', method, ...(params === undefined ? {} : { params }) })

export const result = (id: RequestId, value: JsonObject): Message => makeMessage({ jsonrpc: '2.0', id, result: value })

export const methodOf = ({ value }: Message): string => (typeof value['method'] === 'string' ? value['method'] : '')

export function idOf({ value }: Message): RequestId | undefined {
  return isRequestId(value['id']) ? value['id'] : undefined
}

/** Whole numbers only: a fraction may come back as another number. */
export const isRequestId = (id: Json | undefined): id is RequestId =>
  typeof id === 'string' || (typeof id === 'number' && Number.isSafeInteger(id))

function kindOf(value: JsonObject): Message['kind'] | undefined {
  if (value['jsonrpc'] !== '2.0') return undefined
  const { method, id } = value
  if (typeof method === 'string') {
    if (value['params'] !== undefined && !isObject(value['params'])) return undefined
    if (id === undefined) return 'notification'
    return isRequestId(id) ? 'request' : undefined
  }
  if (isObject(value['error'])) return isRequestId(id) || id === null || id === undefined ? 'error' : undefined
  return isObject(value['result']) && isRequestId(id) ? 'result' : undefined
}

/** Within a string a line break is written as an escape: what stands raw is only layout. */
const oneLine = (text: string): string => (/[\r\n]/.test(text) ? text.replaceAll(/[\r\n]+/g, ' ').trim() : text)
