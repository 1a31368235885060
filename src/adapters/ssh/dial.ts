/**
 * One attempt to log in to a host. It ends with a connection whose host key was compared, or with the one rule that says why not;
 * no key is ever accepted because it was shown first.
 */
import { connect, type Socket } from 'node:net'
import ssh2 from 'ssh2'
import { type HostAddress, type HostKey, HostUnreachable } from '../../domain/ports/remote-host.ts'
import type { Secrets } from '../../domain/ports/secrets.ts'
import { algorithmsOf, hostKeyOf, isPinned } from './host-key.ts'
import type { Tuning } from './tuning.ts'

/** A connection and the moment when it ends. `ended` aborts with the reason. */
export type Live = Readonly<{ client: ssh2.Client; ended: AbortSignal; destroy: () => void }>

export async function dial(host: HostAddress, deps: { secrets: Secrets; tuning: Tuning; signal: AbortSignal }): Promise<Live> {
  const privateKey = await readPrivateKey(host, deps.secrets)
  const verdict: { refused?: HostKey } = {}
  const algorithms = algorithmsOf(host.hostKey)
  return handshake(host, deps, verdict, {
    username: host.username,
    privateKey,
    // Without this the client first asks for `none`, and each refusal counts against MaxAuthTries.
    authHandler: ['publickey'],
    ...(algorithms === undefined ? {} : { algorithms: { serverHostKey: [...algorithms] } }),
    hostVerifier: (blob: Buffer) => {
      const shown = hostKeyOf(blob)
      if (isPinned(host.hostKey, shown)) return true
      verdict.refused = shown
      return false
    },
  })
}

/** The key that a server shows. Stops before any login. */
export async function scan(
  at: { hostId: string; address: string; port: number },
  deps: { tuning: Tuning; signal: AbortSignal },
): Promise<HostKey> {
  const verdict: { refused?: HostKey } = {}
  try {
    const live = await handshake(at, deps, verdict, {
      username: 'steward',
      authHandler: [],
      hostVerifier: (blob: Buffer) => {
        verdict.refused = hostKeyOf(blob)
        return false
      },
    })
    live.destroy()
  } catch (error) {
    if (verdict.refused !== undefined) return verdict.refused
    throw error
  }
  throw new HostUnreachable({ hostId: at.hostId, rule: 'connection-lost', says: 'the server showed no host key' })
}

async function readPrivateKey(host: HostAddress, secrets: Secrets): Promise<string> {
  const unreadable = (says: string, cause: unknown): HostUnreachable =>
    new HostUnreachable({ hostId: host.hostId, rule: 'key-unreadable', says, cause })
  let text: string
  try {
    text = (await secrets.resolve(host.privateKey)).reveal()
  } catch (error) {
    throw unreadable(messageOf(error), error)
  }
  const parsed = ssh2.utils.parseKey(text)
  if (parsed instanceof Error) throw unreadable(`${host.privateKey}: ${parsed.message}`, parsed)
  const [key] = Array.isArray(parsed) ? parsed : [parsed]
  if (key === undefined || !key.isPrivateKey()) throw unreadable(`${host.privateKey}: not a private key`, undefined)
  return text
}

function handshake(
  at: { hostId: string; address: string; port: number },
  { tuning, signal }: { tuning: Tuning; signal: AbortSignal },
  verdict: { refused?: HostKey },
  config: ssh2.ConnectConfig,
): Promise<Live> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const ended = new AbortController()
    const client = new ssh2.Client()
    // noDelay: without it each small request waits for the delayed acknowledgement of the one before.
    const sock: Socket = connect({ host: at.address, port: at.port, noDelay: true })
    const progress = { connected: false, spoke: '', keysExchanged: false, ready: false }
    const destroy = (): void => {
      client.end()
      sock.destroy()
    }
    const timer = setTimeout(() => fail(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })), tuning.connectTimeoutMs)
    const abort = (): void => fail(signal.reason)
    signal.addEventListener('abort', abort, { once: true })

    const settle = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
    }
    const fail = (error: unknown): void => {
      settle()
      reject(error === signal.reason && signal.aborted ? error : explain(at, error, progress, verdict))
      sock.destroy()
    }

    let last: unknown
    sock.once('connect', () => {
      progress.connected = true
    })
    const listen = (bytes: Buffer): void => {
      if (progress.spoke.length < GREETING_BYTES) progress.spoke += bytes.toString('latin1')
    }
    sock.on('data', listen)
    client
      .on('handshake', () => {
        progress.keysExchanged = true
        sock.off('data', listen)
      })
      .on('ready', () => {
        progress.ready = true
        settle()
        resolve({ client, ended: ended.signal, destroy })
      })
      // Errors come before the end, and sometimes two of them; the first one is the cause. A listener stays for ever: an error without one ends the process.
      .on('error', (error) => {
        last ??= error
        if (!progress.ready) fail(error)
      })
      .on('close', () => {
        if (!progress.ready) fail(last ?? new Error('the server closed the connection'))
        ended.abort(
          new HostUnreachable({
            hostId: at.hostId,
            rule: 'connection-lost',
            ...(last === undefined ? {} : { says: messageOf(last), cause: last }),
          }),
        )
      })
      .connect({
        ...config,
        sock,
        readyTimeout: 0,
        keepaliveInterval: tuning.keepAliveIntervalMs,
        keepaliveCountMax: tuning.keepAliveCountMax,
      })
  })
}

/** A server may send lines of its own before it names its protocol (RFC 4253, 4.2). */
const GREETING_BYTES = 8_192

function explain(
  { hostId }: { hostId: string },
  cause: unknown,
  progress: { connected: boolean; spoke: string; keysExchanged: boolean },
  verdict: { refused?: HostKey },
): HostUnreachable {
  const unreachable = (rule: HostUnreachable['rule'], says: string): HostUnreachable => new HostUnreachable({ hostId, rule, says, cause })
  const says = messageOf(cause)
  const code = codeOf(cause)
  if (verdict.refused !== undefined) return unreachable('host-key-mismatch', `the server showed ${verdict.refused.fingerprint}`)
  // We ask for the type of the pinned key only: a server without it cannot show the pinned key.
  if (/no matching host key format/i.test(says)) return unreachable('host-key-mismatch', 'the server has no host key of the pinned type')
  if (progress.spoke !== '' && !/^SSH-/m.test(progress.spoke)) return unreachable('not-ssh', 'what answers there does not speak SSH')
  if (code === 'ETIMEDOUT' || says === 'Keepalive timeout') return unreachable('timeout', says)
  if (code === 'ENOTFOUND' || code.startsWith('EAI_')) return unreachable('unresolvable', says)
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return unreachable('no-route', says)
  if (!progress.connected) return unreachable('refused', says)
  if (progress.keysExchanged && !code.startsWith('E')) return unreachable('key-rejected', 'the server did not accept the key of this user')
  return unreachable('connection-lost', says)
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : ''
