/** Checks a request of the stateless era before anything is asked of anybody: each refusal has its code in the protocol. */
import type { JsonObject } from '../ports/json.ts'
import { CODE } from './errors.ts'
import { headerMismatch, type Mirrored } from './header-mirror.ts'
import { isLogLevel, type LogLevel } from './log-level.ts'
import { isObject, META, metaOf, paramsOf } from './meta.ts'
import { removedWithSessions } from './methods.ts'
import { isStatelessVersion, STATELESS_VERSIONS } from './versions.ts'

export type StatelessRequest = Readonly<{
  method: string
  params: JsonObject
  version: string
  client: JsonObject | undefined
  capabilities: JsonObject
  logLevel: LogLevel | undefined
}>

export type StatelessProblem = Readonly<{ status: 400 | 404; code: number; says: string; data?: JsonObject }>

export function readStatelessRequest(value: JsonObject, header: (name: string) => string | undefined): StatelessRequest | StatelessProblem {
  const method = String(value['method'])
  const params = paramsOf(value)
  const meta = metaOf(params)
  const version = meta[META.version]
  const said = header('mcp-protocol-version')
  if (said === undefined) return bad(CODE.headerMismatch, 'the header MCP-Protocol-Version is missing')
  if (typeof version !== 'string') return bad(CODE.invalidParams, `params._meta lacks ${META.version}`)
  if (said.trim() !== version) return bad(CODE.headerMismatch, 'the header MCP-Protocol-Version is not the version of the body')
  if (!isStatelessVersion(version)) {
    const data = { supported: [...STATELESS_VERSIONS], requested: version }
    return bad(CODE.unsupportedVersion, 'Unsupported protocol version', data)
  }
  const capabilities = meta[META.capabilities]
  if (!isObject(capabilities)) return bad(CODE.invalidParams, `params._meta lacks ${META.capabilities}`)
  const mismatch = headerMismatch(header, method, params)
  if (mismatch !== undefined) return bad(CODE.headerMismatch, `Header mismatch: ${mismatch}`)
  if (removedWithSessions(method)) return { status: 404, code: CODE.methodNotFound, says: 'Method not found' }
  const client = meta[META.client]
  const logLevel = meta[META.logLevel]
  if (logLevel !== undefined && !isLogLevel(logLevel)) return bad(CODE.invalidParams, `params._meta: ${META.logLevel} is no log level`)
  return {
    method,
    params,
    version,
    client: isObject(client) ? client : undefined,
    capabilities,
    logLevel,
  }
}

export function parameterMismatch(
  { method, params }: StatelessRequest,
  header: (name: string) => string | undefined,
  mirrored: readonly Mirrored[],
): StatelessProblem | undefined {
  if (mirrored.length === 0) return undefined
  const mismatch = headerMismatch(header, method, params, mirrored)
  return mismatch === undefined ? undefined : bad(CODE.headerMismatch, `Header mismatch: ${mismatch}`)
}

/** The status that goes with an error of the server. */
export function statusOf(code: unknown): 200 | 400 | 404 {
  if (code === CODE.methodNotFound) return 404
  return code === CODE.headerMismatch || code === CODE.missingCapability || code === CODE.unsupportedVersion ? 400 : 200
}

const bad = (code: number, says: string, data?: JsonObject): StatelessProblem => ({
  status: 400,
  code,
  says,
  ...(data === undefined ? {} : { data }),
})
