/**
 * A host that a test may break: a server, a line in front of it, and a scratch directory that both sides see. The limits are short, so that what
 * takes seconds in production takes a moment here; nothing else differs.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSystemClock } from '../../../src/adapters/clock/system-clock.ts'
import { createRemoteHosts, type RemoteHostsOptions } from '../../../src/adapters/ssh/remote-hosts.ts'
import type { HostAddress, HostKey, RemoteHost, RemoteHosts } from '../../../src/domain/ports/remote-host.ts'
import { Secret, type Secrets, SecretUnavailable } from '../../../src/domain/ports/secrets.ts'
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts'

/** A running server, whoever wrote it. */
export type SshServer = Readonly<{
  address: string
  port: number
  username: string
  privateKeyPath: string
  hostKey: HostKey
  close(): Promise<void>
}>

export type SshServerFactory = Readonly<{ start(dir: string): Promise<SshServer> }>

export interface HostUnderTest extends AsyncDisposable {
  readonly dir: string
  readonly server: SshServer
  readonly line: TcpProxy
  /** Straight to the server. */
  readonly host: RemoteHost
  /** Through the line. */
  readonly fragile: RemoteHost
  readonly hosts: RemoteHosts
  address(change?: Partial<HostAddress>): HostAddress
  /** Another process would have hosts of its own; so does another call. */
  another(options?: Partial<RemoteHostsOptions>): RemoteHosts
  /** Writes a script of the catalogue. */
  script(name: `${string}.sh`, text: string): void
  path(name: string): string
  text(name: string): string
}

/** The host of the running test. */
export type CurrentHost = () => HostUnderTest

export const quick = {
  connectTimeoutMs: 2_000,
  keepAliveIntervalMs: 250,
  keepAliveCountMax: 3,
  reconnectInitialMs: 50,
  reconnectMaxMs: 400,
  killGraceMs: 300,
  answerGraceMs: 3_000,
  followPollMs: 50,
}

/** Reads any file; an allow-list is the business of the real one. */
export const plainSecrets: Secrets = {
  async resolve(reference) {
    const path = reference.slice('file:'.length)
    if (!existsSync(path)) throw new SecretUnavailable({ reference, rule: 'missing' })
    return new Secret(readFileSync(path, 'utf8'))
  },
}

export async function openHostUnderTest(factory: SshServerFactory): Promise<HostUnderTest> {
  // A space in the path, because there is one on somebody's machine.
  const dir = mkdtempSync(join(tmpdir(), 'remote host-'))
  const scriptsDir = join(dir, 'catalogue')
  mkdirSync(scriptsDir)
  const server = await factory.start(dir)
  const line = await startTcpProxy({ host: server.address, port: server.port })
  const opened: RemoteHosts[] = []
  const another = (options: Partial<RemoteHostsOptions> = {}): RemoteHosts => {
    const hosts = createRemoteHosts({ secrets: plainSecrets, clock: createSystemClock(), scriptsDir, tuning: quick, ...options })
    opened.push(hosts)
    return hosts
  }
  const address = (change: Partial<HostAddress> = {}): HostAddress => ({
    hostId: 'web-1',
    address: server.address,
    port: server.port,
    username: server.username,
    privateKey: `file:${server.privateKeyPath}`,
    hostKey: server.hostKey,
    ...change,
  })
  const hosts = another()
  return {
    dir,
    server,
    line,
    hosts,
    host: hosts.open(address()),
    fragile: hosts.open(address({ hostId: 'web-2', address: line.host, port: line.port })),
    address,
    another,
    script: (name, text) => writeFileSync(join(scriptsDir, name), text),
    path: (name) => join(dir, name),
    text: (name) => readFileSync(join(dir, name), 'utf8'),
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((hosts) => hosts.close()))
      await line.close()
      await server.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
