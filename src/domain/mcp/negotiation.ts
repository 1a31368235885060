/** What two sides agreed on, and the two openings that lead to it: `initialize`, or `server/discover`. */
import type { JsonObject } from '../ports/json.ts'
import { isObject, META, metaOf } from './meta.ts'
import { type Era, isSessionVersion, isStatelessVersion, LATEST_SESSION, LATEST_STATELESS, STATELESS_VERSIONS } from './versions.ts'

export type Negotiation = Readonly<{
  era: Era
  version: string
  serverInfo: Readonly<{ name: string; version: string }> & JsonObject
  capabilities: JsonObject
  instructions: string | undefined
}>

export type ClientIdentity = Readonly<{ info: JsonObject; capabilities: JsonObject }>

export const initializeParams = ({ info, capabilities }: ClientIdentity, version: string = LATEST_SESSION): JsonObject => ({
  protocolVersion: version,
  capabilities,
  clientInfo: info,
})

export const envelopeMeta = ({ info, capabilities }: ClientIdentity, version: string = LATEST_STATELESS): JsonObject => ({
  [META.version]: version,
  [META.client]: info,
  [META.capabilities]: capabilities,
})

/** @returns what is wrong with it, in words, when it cannot be used. */
export function readInitialized(result: JsonObject): Negotiation | string {
  const version = result['protocolVersion']
  if (typeof version !== 'string') return 'its answer to initialize names no protocolVersion'
  if (!isSessionVersion(version)) return `it wants to speak ${JSON.stringify(version)}, which is not spoken here`
  if (!isObject(result['capabilities'])) return 'its answer to initialize has no capabilities'
  return {
    era: 'session',
    version,
    serverInfo: infoOf(result['serverInfo']),
    capabilities: result['capabilities'],
    instructions: typeof result['instructions'] === 'string' ? result['instructions'] : undefined,
  }
}

export function readDiscovered(result: JsonObject): Negotiation | string {
  const versions = result['supportedVersions']
  if (!Array.isArray(versions)) return 'its answer to server/discover lists no supportedVersions'
  const version = STATELESS_VERSIONS.find((ours) => versions.includes(ours))
  if (version === undefined) return `it speaks ${JSON.stringify(versions).slice(0, 200)}, none of which is spoken here without a session`
  if (!isObject(result['capabilities'])) return 'its answer to server/discover has no capabilities'
  return {
    era: 'stateless',
    version,
    serverInfo: infoOf(metaOf(result)[META.server] ?? result['serverInfo']),
    capabilities: result['capabilities'],
    instructions: typeof result['instructions'] === 'string' ? result['instructions'] : undefined,
  }
}

/** Versions that a server names in its error, where one of ours is among them. */
export function versionOffered(data: JsonObject): string | undefined {
  const offered = data['supported']
  if (!Array.isArray(offered)) return undefined
  return offered
    .filter((version) => typeof version === 'string')
    .find((version) => isStatelessVersion(version) || isSessionVersion(version))
}

function infoOf(value: JsonObject[string] | undefined): Negotiation['serverInfo'] {
  const info = isObject(value) ? value : {}
  const name = typeof info['name'] === 'string' ? info['name'] : 'unnamed'
  const version = typeof info['version'] === 'string' ? info['version'] : '0'
  return { ...info, name, version }
}
