/** One text per way to reach or start a server, whatever its secrets are: two registrations with the same key are most likely the same server. */
import { canonicalJson } from '../canonical-json.ts'
import type { Hash } from '../ports/hash.ts'
import type { Json } from '../ports/json.ts'
import type { Given, ServerTransport } from './config.ts'

/** Files of secrets differ between two imports of one server, so a reference counts as *a* secret only. */
export function transportKey(transport: ServerTransport, hash: Hash): string {
  const { kind } = transport
  const parts: Json =
    transport.kind === 'stdio'
      ? [kind, transport.command, transport.args.map(plain), record(transport.env), transport.workingDirectory?.toWellFormed() ?? null]
      : [kind, transport.url.toWellFormed(), plain(transport.pathEnd ?? ''), record(transport.query), record(lowerCase(transport.headers))]
  return hash.sha256(canonicalJson(parts))
}

const plain = (given: Given): Json => (typeof given === 'string' ? given.toWellFormed() : { secret: true })

const record = (given: Readonly<Record<string, Given>>): Json =>
  Object.fromEntries(Object.entries(given).map(([name, value]) => [name.toWellFormed(), plain(value)]))

const lowerCase = (headers: Readonly<Record<string, Given>>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
