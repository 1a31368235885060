/**
 * The same message under other ids. Many clients share one line to a server, so every request gets an id of ours on its way there, and its own
 * back on the way home; nothing else of the text changes.
 */
import type { JsonObject } from '../ports/json.ts'
import { findMembers, replaceSpans } from './json-text.ts'
import { isReadable, type Message, type RequestId, readMessage } from './message.ts'
import { isObject, META, metaOf, paramsOf } from './meta.ts'

const REQUEST = { id: 'id', method: 'method', params: { _meta: { progressToken: 'token' } } }
const PROGRESS = { params: { progressToken: 'token' } }
const CANCELLED = { params: { requestId: 'request' } }
const SUBSCRIBED = { params: { _meta: { [META.subscription]: 'subscription' } } }
const ANSWER = { id: 'id' }

/** A request on its way to the server: our id, and our id as its progress token where it has one. */
export function readdressRequest(message: Message, id: number): string {
  const ours = String(id)
  const spans = findMembers(message.text, REQUEST)
  if (spans !== undefined)
    return replaceSpans(
      message.text,
      spans,
      new Map([
        ['id', ours],
        ['token', ours],
      ]),
    )
  const params = paramsOf(message.value)
  const meta = metaOf(params)
  const again = 'progressToken' in meta ? { ...params, _meta: { ...meta, progressToken: id } } : params
  return JSON.stringify({ ...message.value, id, ...(message.value['params'] === undefined ? {} : { params: again }) })
}

/** An answer under the id that its receiver knows. The usual places of the id are looked at first: answers can be long. */
export function readdressAnswer(message: Message, id: RequestId): string {
  const { text, value } = message
  const theirs = JSON.stringify(id)
  const head = /^\{"jsonrpc":"2\.0","id":(\d{1,15}),/.exec(text.slice(0, 64))
  if (head?.[1] !== undefined && Number(head[1]) === value['id']) {
    return `{"jsonrpc":"2.0","id":${theirs},${text.slice(head[0].length)}`
  }
  const tail = /,"jsonrpc":"2\.0","id":(\d{1,15})\}$/.exec(text.slice(-64))
  if (tail?.[1] !== undefined && Number(tail[1]) === value['id']) {
    return `${text.slice(0, -tail[0].length)},"jsonrpc":"2.0","id":${theirs}}`
  }
  const spans = findMembers(text, ANSWER)
  if (spans?.has('id')) return replaceSpans(text, spans, new Map([['id', theirs]]))
  return JSON.stringify({ ...value, id })
}

/** Progress under the token that the client gave. */
export function readdressProgress(message: Message, token: RequestId): string {
  return replaceParam(message, PROGRESS, 'token', token, (params) => ({ ...params, progressToken: token }))
}

export function readdressCancelled(message: Message, requestId: RequestId): string {
  return replaceParam(message, CANCELLED, 'request', requestId, (params) => ({ ...params, requestId }))
}

/** A notification of a subscription, under the id of the request that opened it. */
export function readdressSubscribed(message: Message, id: RequestId): string {
  return replaceParam(message, SUBSCRIBED, 'subscription', id, (params) => ({
    ...params,
    _meta: { ...metaOf(params), [META.subscription]: id },
  }))
}

/** The same text with other ids in it, as a message again. */
export function reread(text: string): Message {
  const message = readMessage(text)
  if (!isReadable(message)) throw new TypeError('an edited message can no longer be read')
  return message
}

function replaceParam(
  { text, value }: Message,
  wanted: Parameters<typeof findMembers>[1],
  label: string,
  to: RequestId,
  written: (params: JsonObject) => JsonObject,
): string {
  const spans = findMembers(text, wanted)
  if (spans?.has(label)) return replaceSpans(text, spans, new Map([[label, JSON.stringify(to)]]))
  return JSON.stringify({ ...value, params: written(paramsOf(value)) })
}

/** The progress token that a client gave with its request. */
export function progressTokenOf(value: JsonObject): RequestId | undefined {
  const token = metaOf(paramsOf(value))['progressToken']
  return typeof token === 'string' || typeof token === 'number' ? token : undefined
}

/** The subscription that a notification belongs to. */
export function subscriptionOf(value: JsonObject): RequestId | undefined {
  const params = value['params']
  if (!isObject(params)) return undefined
  const id = metaOf(params)[META.subscription]
  return typeof id === 'string' || typeof id === 'number' ? id : undefined
}
