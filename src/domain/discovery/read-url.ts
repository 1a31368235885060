/**
 * An address from a client's configuration, taken apart: the user becomes a header, the query its own member, and a path that is itself a key ends
 * before the key. What is left is recorded in the open.
 */
import type { Given } from '../server/config.ts'
import type { Remark } from './found.ts'
import { looksSecret } from './looks-secret.ts'
import type { Held } from './take-secrets.ts'

export type ReadUrl = Readonly<{
  parts: Readonly<{ url: string; pathEnd?: Given; query: Readonly<Record<string, Given>> }> | undefined
  /** The header that stands for user and password. A secret. */
  authorization: string | undefined
  changes: readonly Remark[]
  problems: readonly Remark[]
}>

export function readUrl(raw: string, held: Held): ReadUrl {
  const field = 'transport.url'
  const refused = (rule: string, says: string): ReadUrl => ({
    ...{ parts: undefined, authorization: undefined, changes: [] },
    problems: [{ field, rule, says }],
  })
  const address = URL.parse(raw)
  if (address === null) return refused('url', 'must be a URL')
  if (address.protocol === 'ws:' || address.protocol === 'wss:')
    return refused('websocket', 'WebSocket is no standard transport of MCP; use the https address of the same server')
  if (address.protocol !== 'http:' && address.protocol !== 'https:') return refused('scheme', 'must begin with https:// or http://')
  const names = [...address.searchParams.keys()]
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) return refused('query', 'names one parameter twice, which cannot be carried over')

  const changes: Remark[] = []
  if (address.hash !== '') changes.push({ field, rule: 'fragment', says: 'the part behind # is never sent, so it was not taken' })
  if (names.length > 0) changes.push({ field: 'transport.query', rule: 'query', says: 'the query became a member of its own' })
  const query = Object.fromEntries(
    [...address.searchParams].map(([name, value]) => [
      name,
      looksSecret(value, name) ? held.hold(`transport.query.${name}`, `query-${name}`, value) : value,
    ]),
  )
  const { open, secret } = splitPath(address.pathname)
  return {
    parts: {
      url: `${address.origin}${open}`,
      ...(secret === undefined ? {} : { pathEnd: held.hold('transport.pathEnd', 'path', secret) }),
      query,
    },
    authorization: basicOf(address),
    changes,
    problems: [],
  }
}

/** The path up to the first segment that looks like a key, and the rest. */
function splitPath(path: string): Readonly<{ open: string; secret: string | undefined }> {
  const segments = path.split('/')
  const at = segments.findIndex((segment, index) => looksSecret(decoded(segment), index === 0 ? undefined : segments[index - 1]))
  return at === -1
    ? { open: path, secret: undefined }
    : { open: segments.slice(0, at).join('/') || '/', secret: segments.slice(at).join('/') }
}

/** RFC 7617: user and password in UTF-8. */
function basicOf({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined
  const bytes = new TextEncoder().encode(`${decoded(username)}:${decoded(password)}`)
  return `Basic ${btoa(String.fromCharCode(...bytes))}`
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
