/**
 * Who may open a live connection. A key as bearer token; a page, which cannot set headers, names it as a subprotocol beside ours. A browser tells
 * where the page is from, and that has to be on a list: never compared with the address that was asked, which whoever rebinds a name chooses.
 */
import type { Clock } from '../../domain/ports/clock.ts'
import type { Hash } from '../../domain/ports/hash.ts'
import type { Ids } from '../../domain/ports/ids.ts'
import type { Admission, Admit, UpgradeRequest } from '../../domain/ports/live-sockets.ts'
import type { Logger } from '../../domain/ports/logger.ts'
import { ApiError, errorAnswer } from '../api-error.ts'
import { createAuthenticate, type KeyIndex } from '../authenticate.ts'
import { openExchange } from '../exchange.ts'
import { mayDo } from '../permissions.ts'
import { createRateLimiter } from '../rate-limits.ts'
import { errorResponse } from '../respond.ts'
import type { LiveHub } from './live-hub.ts'

export type AdmissionOptions = Readonly<{
  hub: Pick<LiveHub, 'open' | 'hasRoomFor'>
  keys: KeyIndex
  adminKeySha256: string | undefined
  /** Of pages that may connect, e.g. `https://steward.example.com`. None: no page may. Its owner may add to it: an own port is known late. */
  origins: ReadonlySet<string>
  hash: Hash
  ids: Ids
  clock: Clock
  logger: Logger
}>

/** The documents have three names for it. */
export const livePaths = ['/ws', '/ws/mcp', '/api/mcp/ws'] as const
const paths: ReadonlySet<string> = new Set(livePaths)

/** What is agreed on; the other one only carries the key, and is never said back. */
export const SUBPROTOCOL = 'steward.v1'
const KEY_PROTOCOL = 'steward.key.'

export function createAdmission(options: AdmissionOptions): Admit {
  const { hub, keys, adminKeySha256, origins, hash, ids, clock, logger } = options
  const authenticate = createAuthenticate({ keys, hash, adminKeySha256 })
  const limiter = createRateLimiter()

  return async (request) => {
    try {
      return await admit(request)
    } catch (error) {
      return refused(request, error)
    }
  }

  async function admit({ target, header, address }: UpgradeRequest): Promise<Admission> {
    const offered = (header('sec-websocket-protocol') ?? '').split(',').map((name) => name.trim())
    const authorization = header('authorization') ?? bearerOf(offered) ?? null
    const principal = await authenticate(authorization, clock.now()).catch((error: unknown) => {
      if (error instanceof ApiError) limiter.take(address, 'refused', Date.parse(clock.now()))
      throw error
    })
    // Behind the key: without one nobody learns which paths exist.
    if (!paths.has(target.split('?', 1)[0] ?? '')) throw new ApiError('not-found')
    const origin = header('origin')
    if (origin !== undefined && !origins.has(origin)) {
      throw new ApiError('forbidden', { details: { header: 'Origin', rule: 'must be on the list of origins' } })
    }
    const { keyId, role } = principal
    limiter.take(keyId, 'command', Date.parse(clock.now()))
    if (!hub.hasRoomFor(keyId)) throw new ApiError('too-many-streams', { headers: { 'retry-after': '5' } })
    return {
      kind: 'admitted',
      subprotocol: offered.includes(SUBPROTOCOL) ? SUBPROTOCOL : undefined,
      open: (socket) =>
        hub.open(socket, {
          keyId,
          may: (permission) => mayDo(role, permission),
          async stillAllowed() {
            try {
              return (await authenticate(authorization, clock.now())).role === role
            } catch (error) {
              if (error instanceof ApiError) return false
              throw error
            }
          },
        }),
    }
  }

  async function refused({ header, address }: UpgradeRequest, error: unknown): Promise<Admission> {
    const answer = errorAnswer(error)
    const headers = new Headers()
    for (const name of ['x-request-id', 'x-correlation-id', 'accept']) headers.set(name, header(name) ?? '')
    // The address is that of nobody: only its headers are looked at.
    const exchange = openExchange(new Request('http://localhost', { headers }), { address, ids })
    const { requestId } = exchange
    if (answer.unexpected) logger.error({ requestId, error }, 'a live connection could not be admitted')
    else logger.info({ requestId, address, status: answer.status, code: answer.code }, 'a live connection was refused')
    const response = errorResponse(exchange, answer, clock.now())
    return { kind: 'refused', status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() }
  }
}

function bearerOf(offered: readonly string[]): string | undefined {
  const named = offered.find((name) => name.startsWith(KEY_PROTOCOL))
  return named === undefined ? undefined : `Bearer ${named.slice(KEY_PROTOCOL.length)}`
}
