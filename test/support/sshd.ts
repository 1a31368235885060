/**
 * Debian's sshd on 127.0.0.1, with keys and a configuration of its own in a scratch directory. Works as root and as an ordinary user, who then logs
 * in as himself. `close` ends the listener; a session ends with its connection.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, mkdirSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import ssh2 from 'ssh2'
import { hostKeyOf } from '../../src/adapters/ssh/host-key.ts'
import { type KeyPair, keyPair } from '../../src/adapters/ssh/practice-keys.ts'
import type { HostKey } from '../../src/domain/ports/remote-host.ts'

export interface Sshd extends AsyncDisposable {
  readonly address: string
  readonly port: number
  readonly username: string
  readonly privateKeyPath: string
  readonly hostKey: HostKey
  readonly configPath: string
  /** What it has written to its log. */
  log(): string
  close(): Promise<void>
}

/** sshd starts itself again for each connection, so it must be called by its absolute path. */
const PROGRAMS = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/usr/bin/sshd'] as const
const START_ATTEMPTS = 5

/** `config`: further lines; sshd takes the first value of each keyword, so they win over ours. */
export async function startSshd({ dir, config = [] }: { dir: string; config?: readonly string[] }): Promise<Sshd> {
  const keys = join(dir, 'sshd')
  mkdirSync(keys, { recursive: true, mode: 0o700 })
  // As root sshd insists on its directory for privilege separation, and Debian makes it only when the service starts.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const host = keyPair(keys, 'host_ed25519')
  const user = keyPair(keys, 'user_ed25519')
  writeFileSync(join(keys, 'authorized_keys'), `${user.publicKey}\n`, { mode: 0o600 })
  for (let attempt = 1; ; attempt += 1) {
    const started = await start({ keys, host, port: await freePort(), config })
    if ('child' in started) return handle(started, { keys, host, user })
    if (attempt === START_ATTEMPTS) throw new Error(`sshd does not start:\n${started.log()}`)
  }
}

type Started = Readonly<{ child: ChildProcess; port: number; log: () => string }>

/** No child when it ended before it listened, for example because somebody else got the port first. */
async function start({
  keys,
  host,
  port,
  config,
}: {
  keys: string
  host: KeyPair
  port: number
  config: readonly string[]
}): Promise<Started | Pick<Started, 'log'>> {
  const configPath = join(keys, 'sshd_config')
  writeFileSync(
    configPath,
    [
      ...config,
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey "${host.path}"`,
      `AuthorizedKeysFile "${join(keys, 'authorized_keys')}"`,
      'PidFile none',
      'UsePAM no',
      'StrictModes no',
      'AuthenticationMethods publickey',
      'PermitRootLogin prohibit-password',
      'PermitUserEnvironment no',
      'UseDNS no',
      'PrintMotd no',
      // Under sshd bash reads ~/.bashrc, unless it believes to be inside another shell. What stands there is none of our business.
      'SetEnv SHLVL=2',
      'LogLevel VERBOSE',
      '',
    ].join('\n'),
  )
  const child = spawn(program(), ['-D', '-e', '-f', configPath], { stdio: ['ignore', 'ignore', 'pipe'] })
  const { stderr } = child
  if (stderr === null) throw new TypeError('sshd has no error stream')
  let log = ''
  const listening = new Promise<boolean>((resolve) => {
    stderr.on('data', (bytes: Buffer) => {
      log += bytes.toString('utf8')
      if (log.includes(`Server listening on 127.0.0.1 port ${port}`)) resolve(true)
    })
    child.once('exit', () => resolve(false))
    child.once('error', () => resolve(false))
  })
  return (await listening) ? { child, port, log: () => log } : { log: () => log }
}

function handle({ child, port, log }: Started, { keys, host, user }: { keys: string; host: KeyPair; user: KeyPair }): Sshd {
  const close = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await exited
  }
  return {
    address: '127.0.0.1',
    port,
    username: userInfo().username,
    privateKeyPath: user.path,
    hostKey: hostKeyOf(blobOf(host)),
    configPath: join(keys, 'sshd_config'),
    log,
    close,
    [Symbol.asyncDispose]: close,
  }
}

function program(): string {
  for (const path of PROGRAMS) {
    try {
      accessSync(path)
      return path
    } catch {
      // The next place.
    }
  }
  throw new Error(`sshd is not installed: none of ${PROGRAMS.join(', ')} (Debian: apt-get install openssh-server)`)
}

function blobOf({ publicKey }: KeyPair): Buffer {
  const parsed = ssh2.utils.parseKey(publicKey)
  const [key] = Array.isArray(parsed) ? parsed : [parsed]
  if (key === undefined || key instanceof Error) throw new Error('the host key cannot be read', { cause: key })
  return key.getPublicSSH()
}

/** sshd cannot choose a port itself. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address: AddressInfo | string | null = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new TypeError('no port')
  return address.port
}
