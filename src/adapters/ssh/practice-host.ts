/**
 * A host to practise on, without root and without an SSH daemon: the real protocol on 127.0.0.1, commands run by a real shell in a scratch
 * directory. Like sshd it lets a command go on when its connection is cut; unlike sshd it ends everything it started when it is closed.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID, timingSafeEqual } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import ssh2 from 'ssh2'
import type { HostKey } from '../../domain/ports/remote-host.ts'
import { hostKeyOf } from './host-key.ts'
import { type KeyPair, keyPair } from './practice-keys.ts'
import { endMarkedProcesses, PROCESS_MARK } from './practice-processes.ts'

export type PracticeHost = Readonly<{
  address: string
  port: number
  username: string
  privateKeyPath: string
  hostKey: HostKey
  /** Ends the server, its connections, and every process that was started on it. */
  close(): Promise<void>
}>

export type PracticeHostOptions = Readonly<{
  /** Keys are kept here, in `ssh`; commands start in `home`. */
  dir: string
  /** Default: one that the system chooses. */
  port?: number
  /** Added to what the commands see. */
  env?: Readonly<Record<string, string>>
  /** What runs a command line, which is added as the last argument. Default `/bin/sh -c`. */
  shell?: readonly [string, ...string[]]
}>

const USERNAME = 'steward'

export async function startPracticeHost({
  dir,
  port = 0,
  env = {},
  shell = ['/bin/sh', '-c'],
}: PracticeHostOptions): Promise<PracticeHost> {
  const home = join(dir, 'home')
  const keys = join(dir, 'ssh')
  mkdirSync(keys, { recursive: true, mode: 0o700 })
  mkdirSync(home, { recursive: true })
  const hostKeys = keyPair(keys, 'host_ed25519')
  const userKeys = keyPair(keys, 'user_ed25519')
  const id = randomUUID()
  const clients = new Set<ssh2.Connection>()
  const sockets = new Set<Socket>()

  const start = (command: string): ChildProcess => {
    const [program, ...args] = shell
    return spawn(program, [...args, command], {
      cwd: home,
      // A session of its own, as under sshd: a signal to our group does not reach it.
      detached: true,
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: home, USER: USERNAME, ...env, [PROCESS_MARK]: id },
    })
  }

  const server = new ssh2.Server({ hostKeys: [hostKeys.privateKey] }, (client) => {
    clients.add(client)
    client
      .on('error', () => undefined)
      .on('close', () => clients.delete(client))
      .on('authentication', (attempt) => authenticate(attempt, userKeys))
      .on('session', (accept) => {
        accept().on('exec', (acceptExec, _reject, { command }) => serveExec(start(command), acceptExec()))
      })
      .on('tcpip', (accept, reject, { destIP, destPort }) =>
        serveTunnel(connect({ host: destIP, port: destPort }), accept, reject, sockets),
      )
      .on('openssh.streamlocal', (accept, reject, { socketPath }) => serveTunnel(connect(socketPath), accept, reject, sockets))
  })
  // noDelay: ssh2 listens without it, and then every small answer waits for an acknowledgement.
  const listener = createServer({ noDelay: true }, (socket) => server.injectSocket(socket))
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  listener.once('error', reject)
  listener.listen(port, '127.0.0.1', resolve)
  await promise

  return {
    address: '127.0.0.1',
    port: portOf(listener.address()),
    username: USERNAME,
    privateKeyPath: userKeys.path,
    hostKey: hostKeyOf(publicBlob(hostKeys)),
    async close() {
      const closed = new Promise<void>((done) => listener.close(() => done()))
      for (const client of clients) client.end()
      for (const socket of sockets) socket.destroy()
      await endMarkedProcesses(id)
      await closed
    },
  }
}

function authenticate(attempt: ssh2.AuthContext, { publicKey }: KeyPair): void {
  const parsed = ssh2.utils.parseKey(publicKey)
  const [known] = Array.isArray(parsed) ? parsed : [parsed]
  if (attempt.method !== 'publickey' || attempt.username !== USERNAME || known === undefined || known instanceof Error) {
    attempt.reject(['publickey'])
    return
  }
  const expected = known.getPublicSSH()
  const shown = attempt.key.data
  const same = shown.length === expected.length && timingSafeEqual(shown, expected)
  // Without a signature the client only asks whether the key would do.
  const proven =
    attempt.signature === undefined ||
    (attempt.blob !== undefined && known.verify(attempt.blob, attempt.signature, attempt.hashAlgo) === true)
  if (same && proven) attempt.accept()
  else attempt.reject(['publickey'])
}

function serveExec(child: ChildProcess, channel: ssh2.ServerChannel): void {
  const { stdin, stdout, stderr } = child
  if (stdin === null || stdout === null || stderr === null) return
  channel.on('error', () => undefined)
  stdin.on('error', () => undefined)
  channel.pipe(stdin)
  // `end: false`: the exit status must leave before the end of the channel.
  stdout.pipe(channel, { end: false })
  stderr.pipe(channel.stderr, { end: false })
  child.once('error', () => {
    channel.exit(127)
    channel.end()
  })
  child.once('exit', (code, signal) => {
    if (signal === null) channel.exit(code ?? 0)
    else channel.exit(signal.replace(/^SIG/, ''), false, '')
  })
  child.once('close', () => channel.end())
  // The program goes on without its readers, and learns of it when it writes.
  channel.once('close', () => {
    stdin.destroy()
    stdout.destroy()
    stderr.destroy()
  })
}

function serveTunnel(socket: Socket, accept: () => ssh2.ServerChannel, reject: () => void, sockets: Set<Socket>): void {
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
  socket.once('error', reject)
  socket.once('connect', () => {
    socket.off('error', reject)
    const channel = accept()
    socket.on('error', () => channel.close())
    channel.on('error', () => socket.destroy())
    channel.once('close', () => socket.destroy())
    socket.pipe(channel).pipe(socket)
  })
}

function publicBlob({ publicKey }: KeyPair): Buffer {
  const parsed = ssh2.utils.parseKey(publicKey)
  const [key] = Array.isArray(parsed) ? parsed : [parsed]
  if (key === undefined || key instanceof Error) throw new Error('the host key of the practice host cannot be read', { cause: key })
  return key.getPublicSSH()
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new TypeError('the practice host has no port')
  return address.port
}
