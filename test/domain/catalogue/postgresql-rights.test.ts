/** What a role of PostgreSQL may do is asked of the real server: before a plan is offered, not in the middle of it. */
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { missingRights } from '../../../src/commands/effects/rights.ts'
import type { TargetInventory } from '../../../src/domain/catalogue/inventory.ts'
import { mayEnd, mayReload } from '../../../src/domain/catalogue/postgresql/rights.ts'
import { STARTED_AT } from '../../../src/domain/catalogue/postgresql/sessions.ts'
import type { Right } from '../../../src/domain/catalogue/right.ts'
import { type PostgresDaemon, startPostgres } from '../../support/daemons/postgres.ts'
import { localReached } from '../../support/local-reached.ts'
import { localRunner } from '../../support/local-runner.ts'

let postgres: PostgresDaemon
beforeAll(async () => {
  postgres = await startPostgres()
  await asAdmin('create role clerk login')
  // As the precondition of the actions needs it: else it does not see when others began.
  await asAdmin('grant pg_monitor to clerk')
}, 30_000)
afterAll(() => postgres.stop())

const asAdmin = async (statement: string) => {
  const admin = await postgres.connect('postgres')
  const { rows } = await admin.query(statement)
  await admin.end()
  return rows
}

const target: TargetInventory = {
  ...{ targetId: 't', name: 't', hostId: 'h', service: 'postgresql', logPaths: [], configPaths: [], stateDir: '/s' },
  connection: { kind: 'postgresql', at: { socket: '/s' }, database: 'postgres', user: 'app' },
}
const missing = (right: Right, role: 'app' | 'postgres' = 'app') =>
  missingRights([right], localReached(localRunner({ postgres: postgres.connectionString(role) }), target), new AbortController().signal)

test('who may not reload the configuration is told how to get it; who may is not', async () => {
  expect(await missing(mayReload)).toBe(
    'The user app may not run pg_reload_conf() in PostgreSQL. To allow it: as a superuser, grant execute on function pg_reload_conf() to app.',
  )
  expect(await missing(mayReload, 'postgres')).toBeUndefined()
  await asAdmin('grant execute on function pg_reload_conf() to app')
  onTestFinished(() => void asAdmin('revoke execute on function pg_reload_conf() from app'))
  expect(await missing(mayReload)).toBeUndefined()
})

async function sessionOfApp() {
  const client = await postgres.connect('app')
  onTestFinished(() => client.end())
  const [session] = await asAdmin(`select pid, ${STARTED_AT} as "startedAt" from pg_stat_activity as activity where usename = 'app'`)
  return { pid: Number(session.pid), startedAt: String(session.startedAt), how: 'terminate' } as const
}

test('one may end the sessions of its own role; those of others only with pg_signal_backend, or as a superuser', async () => {
  const own = await sessionOfApp()
  expect(await missing(mayEnd([own]))).toBeUndefined()
  const asClerk = (right: Right) => {
    const connection = postgres.connectionString('app').replace('//app@', '//clerk@')
    return missingRights([right], localReached(localRunner({ postgres: connection }), target), new AbortController().signal)
  }
  expect(await asClerk(mayEnd([own]))).toContain('grant pg_signal_backend to app')
  expect(await missing(mayEnd([own]), 'postgres')).toBeUndefined()
  // Under the same pid, but another session: nothing is proven of a session that is gone.
  expect(await asClerk(mayEnd([{ ...own, startedAt: '2020-01-01T00:00:00.000000' }]))).toBeUndefined()
  await asAdmin('grant pg_signal_backend to clerk')
  expect(await asClerk(mayEnd([own]))).toBeUndefined()
})
