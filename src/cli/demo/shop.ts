/**
 * The service that is broken and healed: the database of a shop. Here are the ways in which people and programs break it, and the ways in which
 * the demo looks at it by itself, without asking Steward.
 */
import { readFile, stat } from 'node:fs/promises'
import pg from 'pg'
import type { PracticePostgres } from './tools.ts'
import { until } from './waiting.ts'

export interface Shop extends AsyncDisposable {
  readonly files: PracticePostgres
  /** A session; one that is ended by the server is no failure of the demo. */
  connect(role: string, database?: string): Promise<pg.Client>
  query(text: string): Promise<readonly Readonly<Record<string, unknown>>[]>
  reload(): Promise<void>
  /** How often the server was told to read its configuration again, as its own log has it. */
  countReloads(): Promise<number>
  log(): Promise<string>
}

/** The program whose sessions the policy allows to end. */
export const APP_ROLE = 'shop'
export const MAX_CONNECTIONS = 20
export const RESERVED_CONNECTIONS = 3

export const shopSettings: readonly string[] = [
  `max_connections = ${MAX_CONNECTIONS}`,
  `superuser_reserved_connections = ${RESERVED_CONNECTIONS}`,
  'work_mem = 4MB',
]

export async function openShop(postgres: PracticePostgres): Promise<Shop> {
  const clients = new Set<pg.Client>()
  const connect = async (role: string, database = 'postgres'): Promise<pg.Client> => {
    const url = new URL(postgres.connectionString(role))
    const client = new pg.Client({ host: url.searchParams.get('host') ?? '', port: Number(url.port), user: role, database })
    client.on('error', () => undefined)
    client.on('end', () => clients.delete(client))
    await client.connect()
    clients.add(client)
    return client
  }
  const admin = await connect(postgres.superuser)
  await admin.query(`create role ${APP_ROLE} login`)
  await admin.query('create table orders (id int primary key, amount int not null)')
  await admin.query(`insert into orders values (1, 10)`)
  await admin.query(`grant all on orders to ${APP_ROLE}`)
  const log = (): Promise<string> => readFile(postgres.logPath, 'utf8')
  return {
    files: postgres,
    connect,
    query: async (text) => (await admin.query<Record<string, unknown>>(text)).rows,
    async reload() {
      await admin.query('select pg_reload_conf()')
    },
    countReloads: async () => (await log()).split('received SIGHUP, reloading configuration files').length - 1,
    log,
    async [Symbol.asyncDispose]() {
      await Promise.all([...clients].map((client) => client.end().catch(() => undefined)))
    },
  }
}

/** A file as `ls` and `cmp` see it. */
export type FileState = Readonly<{ bytes: Buffer; mode: string; uid: number; gid: number }>

export async function lookAt(path: string): Promise<FileState> {
  const [bytes, { mode, uid, gid }] = await Promise.all([readFile(path), stat(path)])
  return { bytes, mode: (mode & 0o7777).toString(8).padStart(4, '0'), uid, gid }
}

/** What is different, in words; empty when nothing is. */
export function differencesOf(was: FileState, is: FileState): string[] {
  return [
    ...(was.bytes.equals(is.bytes) ? [] : ['its bytes']),
    ...(was.mode === is.mode ? [] : [`its mode: ${is.mode}, was ${was.mode}`]),
    ...(was.uid === is.uid && was.gid === is.gid ? [] : [`its owner: ${is.uid}:${is.gid}, was ${was.uid}:${was.gid}`]),
  ]
}

/** Waits until the server's log holds a line of this text behind what it held. */
export async function untilLogged(shop: Shop, words: string, from: number, signal: AbortSignal): Promise<string> {
  return until(
    `a line with "${words}" in the log of PostgreSQL`,
    async () =>
      (await shop.log())
        .slice(from)
        .split('\n')
        .find((line) => line.includes(words)),
    { signal, withinMs: 15_000, everyMs: 20 },
  )
}
