/**
 * Finds out in which era the server at the other end of a line speaks, and agrees on a revision. All of it happens on one line: a server is not
 * started a second time to be asked in another way. What is asked first follows the protocol: `server/discover`, and whatever is not an answer
 * of the stateless era means `initialize`.
 */
import { isStatelessError } from '../../domain/mcp/errors.ts'
import { notification } from '../../domain/mcp/message.ts'
import { isObject } from '../../domain/mcp/meta.ts'
import { METHOD } from '../../domain/mcp/methods.ts'
import {
  envelopeMeta,
  initializeParams,
  type Negotiation,
  readDiscovered,
  readInitialized,
  versionOffered,
} from '../../domain/mcp/negotiation.ts'
import { isSessionVersion, LATEST_SESSION } from '../../domain/mcp/versions.ts'
import {
  HandshakeFailed,
  type McpLink,
  McpRequestFailed,
  type McpSession,
  type NegotiateOptions,
  type UnreachableRule,
} from '../../domain/ports/mcp.ts'
import { createLine, type Line } from './line.ts'

/** A server that says nothing to `server/discover` for so long is asked the older way as well; the first that answers decides. */
const SILENCE_MS = 3_000

export async function negotiate(link: McpLink, options: NegotiateOptions): Promise<McpSession> {
  const { timeoutMs, prior, exclusive = false, signal, onNoise } = options
  const line = createLine(link, { exclusive, ...(onNoise === undefined ? {} : { onNoise }) })
  const limit = AbortSignal.timeout(timeoutMs)
  const given = signal === undefined ? limit : AbortSignal.any([signal, limit])
  const opening: Opening = { line, options, signal: given }
  try {
    const negotiation = prior?.era === 'session' ? await sessionFirst(opening) : await statelessFirst(opening)
    const session = line.agree(negotiation)
    if (negotiation.era === 'session') line.tell(notification(METHOD.initialized))
    return session
  } catch (error) {
    throw handshakeError(error, { line, timedOut: limit.aborted, timeoutMs, guessed: prior === undefined })
  }
}

type Opening = Readonly<{ line: Line; options: NegotiateOptions; signal: AbortSignal }>

async function statelessFirst(opening: Opening): Promise<Negotiation> {
  const stop = new AbortController()
  const signal = AbortSignal.any([opening.signal, stop.signal])
  const discovering = discover({ ...opening, signal })
  // Whoever starts slowly is not silent: his answer still comes, and still counts.
  const silence = Promise.withResolvers<'silent'>()
  const timer = setTimeout(() => silence.resolve('silent'), SILENCE_MS)
  try {
    const first = await Promise.race([discovering, silence.promise])
    if (first === 'silent') {
      const older = initialize({ ...opening, signal })
      const late = discovering.then((found) => (found === 'older' ? older : found))
      // A slow server of the stateless era refuses the one and answers the other, in either order: only a yes decides.
      return await Promise.any([late, older]).catch(() => older)
    }
    return first === 'older' ? await initialize({ ...opening, signal }) : first
  } finally {
    clearTimeout(timer)
    stop.abort()
    discovering.catch(() => {})
  }
}

async function sessionFirst(opening: Opening): Promise<Negotiation> {
  try {
    return await initialize(opening)
  } catch (error) {
    if (!(error instanceof McpRequestFailed) || error.rule !== 'refused-by-server') throw error
    const found = await discover(opening)
    if (found === 'older') throw error
    return found
  }
}

async function discover({ line, options, signal }: Opening): Promise<Negotiation | 'older'> {
  try {
    const params = { _meta: envelopeMeta(options.identity) }
    return usable(readDiscovered(await line.request(METHOD.discover, params, { timeoutMs: options.timeoutMs, signal })))
  } catch (error) {
    if (!(error instanceof McpRequestFailed)) throw error
    if (error.rule === 'link-ended' || error.rule === 'aborted' || isUnreachable(error.rule)) throw error
    if (!isStatelessError(error.code)) return 'older'
    const offered = versionOffered(isObject(error.data) ? error.data : {})
    if (offered !== undefined && isSessionVersion(offered)) return 'older'
    throw error
  }
}

async function initialize({ line, options, signal }: Opening): Promise<Negotiation> {
  const version = options.prior !== undefined && isSessionVersion(options.prior.version) ? options.prior.version : LATEST_SESSION
  const params = initializeParams(options.identity, version)
  return usable(readInitialized(await line.request(METHOD.initialize, params, { timeoutMs: options.timeoutMs, signal })))
}

function usable(negotiation: Negotiation | string): Negotiation {
  if (typeof negotiation === 'string') throw new HandshakeFailed({ rule: 'not-mcp', says: negotiation })
  return negotiation
}

function handshakeError(
  error: unknown,
  { line, timedOut, timeoutMs, guessed }: { line: Line; timedOut: boolean; timeoutMs: number; guessed: boolean },
): unknown {
  if (!(error instanceof McpRequestFailed)) return error
  const { message, rule } = error
  if (rule === 'link-ended') {
    const says = `it ended during the handshake: ${message}`
    return new HandshakeFailed({ rule: 'exited', says, cause: error, ...(guessed ? { tryNext: OLDER } : {}) })
  }
  if (isUnreachable(rule)) return new HandshakeFailed({ rule, says: message, cause: error })
  if (timedOut || rule === 'timed-out') {
    const noise = Object.values(line.noise()).reduce((sum, count) => sum + count, 0)
    const heard = noise === 0 ? 'it wrote nothing' : `it wrote ${noise} lines that are no answer`
    return new HandshakeFailed({
      rule: noise === 0 ? 'start-timeout' : 'not-mcp',
      says: `no handshake within ${timeoutMs} ms: ${heard}`,
      cause: error,
    })
  }
  if (rule === 'aborted') return new HandshakeFailed({ rule: 'aborted', says: 'the handshake was given up', cause: error })
  return new HandshakeFailed({ rule: 'handshake-refused', says: message, cause: error })
}

const isUnreachable = (rule: McpRequestFailed['rule']): rule is 'unreachable' | UnreachableRule =>
  rule === 'unreachable' || rule === 'address-not-allowed' || rule === 'metadata-address'

const OLDER = { era: 'session', version: LATEST_SESSION } as const
