/** A real Redis in a scratch directory, on a unix socket, with a log and a pid file. For root it runs as `nobody`: root would pass every mode. */
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'redis'
import { until } from './nginx.ts'
import { removeTree } from './remove-tree.ts'
import { startTied } from './tied-process.ts'

export type RedisDaemon = Readonly<{
  scratch: string
  directory: string
  socket: string
  configPath: string
  logPath: string
  pidFile: string
  /** Sends one command over a connection of its own. */
  command: (...words: readonly string[]) => Promise<unknown>
  stop: () => Promise<void>
}>

const NOBODY = 65_534
const identity = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}

export async function startRedis(settings: readonly string[] = []): Promise<RedisDaemon> {
  const scratch = mkdtempSync(join(tmpdir(), 'redis-'))
  chmodSync(scratch, 0o755)
  const at = (name: string): string => join(scratch, name)
  const [directory, run] = [at('data'), at('run')]
  for (const path of [directory, run]) {
    mkdirSync(path)
    chmodSync(path, 0o750)
    if (identity.uid !== undefined) chownSync(path, identity.uid, identity.gid)
  }
  const [socket, logPath, pidFile, configPath] = [join(run, 'redis.sock'), join(run, 'redis.log'), join(run, 'redis.pid'), at('redis.conf')]
  const lines = [
    'port 0',
    `unixsocket ${socket}`,
    'unixsocketperm 777',
    `dir ${directory}`,
    `logfile ${logPath}`,
    `pidfile ${pidFile}`,
    'save ""',
  ]
  writeFileSync(configPath, `${[...lines, ...settings].join('\n')}\n`)
  chmodSync(configPath, 0o644)
  const server = startTied(['redis-server', configPath], { signal: 'KILL', ...(identity.uid === undefined ? {} : { uid: identity.uid }) })
  await until(() => existsSync(socket) && existsSync(pidFile))
  return {
    scratch,
    directory,
    socket,
    configPath,
    logPath,
    pidFile,
    async command(...words) {
      const client = createClient({ socket: { path: socket, tls: false } })
      client.on('error', () => {})
      await client.connect()
      try {
        return await client.sendCommand([...words])
      } finally {
        client.destroy()
      }
    },
    async stop() {
      await server.stop()
      removeTree(scratch)
    },
  }
}
