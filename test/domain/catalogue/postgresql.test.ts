/** The PostgreSQL actions, polls and wellness probe against the real, bundled PostgreSQL. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { differences } from '../../../src/domain/catalogue/common/file-state.ts'
import { healthProbe } from '../../../src/domain/catalogue/health.ts'
import type { TargetInventory } from '../../../src/domain/catalogue/inventory.ts'
import { findPoll } from '../../../src/domain/catalogue/polls.ts'
import { denyAll, type SessionPolicy } from '../../../src/domain/policy.ts'
import { until } from '../../support/daemons/nginx.ts'
import { type PostgresDaemon, startPostgres } from '../../support/daemons/postgres.ts'
import { recordBaseline, stateOf } from '../../support/local-baseline.ts'
import { ask, execute, type LocalRunner, localRunner, runSteps } from '../../support/local-runner.ts'
import { planRemedy, recognise } from '../../support/plan-remedy.ts'

let postgres: PostgresDaemon
let runner: LocalRunner
let target: TargetInventory
const clients: pg.Client[] = []

beforeAll(async () => {
  postgres = await startPostgres()
  runner = localRunner({ postgres: postgres.connectionString('postgres') })
  target = {
    targetId: 't1',
    name: 'orders',
    hostId: 'h1',
    service: 'postgresql',
    logPaths: [postgres.logPath],
    configPaths: [postgres.configPath],
    stateDir: join(postgres.scratch, 'state'),
    connection: { kind: 'postgresql', at: { socket: join(postgres.socketDir, '.s.PGSQL.5432') }, database: 'postgres', user: 'postgres' },
  }
}, 30_000)
afterAll(() => postgres.stop())
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end().catch(() => {})))
  await until(async () => {
    const output = await runner.run({
      kind: 'sql',
      text: `select count(*)::int as n from pg_stat_activity where usename = 'app'`,
      values: [],
    })
    return output.kind === 'rows' && output.rows[0]?.['n'] === 0
  })
})

const open = async (role: 'app' | 'postgres'): Promise<pg.Client> => {
  const client = await postgres.connect(role)
  clients.push(client)
  return client
}

const logLine = (word: string): string | undefined =>
  readFileSync(postgres.logPath, 'utf8')
    .split('\n')
    .findLast((line) => line.includes(word))

const sessions: SessionPolicy = { users: ['app'], states: ['idle'], minIdleMs: 0, max: 4 }
const plan = (fault: string, agreed?: SessionPolicy, nth = 0) =>
  planRemedy(fault, { target, baseline: new Map(), policy: agreed === undefined ? denyAll : { ...denyAll, sessions: agreed } }, nth)

const isPresent = async (name: string): Promise<boolean | undefined> => {
  const poll = findPoll(name)
  return poll?.judge(await runner.run(poll.run), undefined)?.present
}

describe('postgresql.terminate-sessions', () => {
  /** Until an ordinary role is refused. */
  const exhaust = async () => {
    for (;;) {
      const refused = await open('app').then(
        () => false,
        () => true,
      )
      if (refused) return
    }
  }
  const ended = async () => {
    const answers = await Promise.all(
      clients.map((client) =>
        client.query('select 1').then(
          () => false,
          () => true,
        ),
      ),
    )
    return answers.filter((each) => each).length
  }

  test('free slots are no fault', async () => {
    await open('app')
    expect((await ask(runner, plan('postgresql.connections-exhausted', sessions).precondition)).kind).toBe('does-not-hold')
    expect(await isPresent('postgresql.connections')).toBe(false)
  })

  test('ends as many idle sessions of the named role as agreed, and the role can connect again', async () => {
    await exhaust()
    expect(recognise(logLine('FATAL') ?? '')?.fault).toBe('postgresql.connections-exhausted')
    expect(await isPresent('postgresql.connections')).toBe(true)
    const action = plan('postgresql.connections-exhausted', sessions)
    expect((await ask(runner, action.precondition)).kind).toBe('holds')
    expect((await ask(runner, action.postcondition)).kind).toBe('does-not-hold')
    const execution = await execute(runner, action, { stateDir: target.stateDir, executionId: 'e1' })
    expect(execution).toMatchObject({ failure: undefined, prepared: { risk: 'medium' } })
    expect(await ended()).toBe(4)
    expect((await ask(runner, action.postcondition)).kind).toBe('holds')
    await open('app')
  })

  test('what the plan says holds no pid, so its hash outlives them', async () => {
    await exhaust()
    const action = plan('postgresql.connections-exhausted', sessions)
    const prepared = action.given(await runner.run(action.precondition.run))
    expect(prepared?.steps.map(({ say }) => say)).toEqual(['end at most 4 sessions of app, idle for 0 ms or longer'])
  })

  test('sessions of others, or at work, are left alone', async () => {
    await exhaust()
    const other = plan('postgresql.connections-exhausted', { ...sessions, users: ['somebody'] })
    expect(await ask(runner, other.precondition)).toMatchObject({ kind: 'does-not-hold', facts: { sessions: [] } })
    const patient = plan('postgresql.connections-exhausted', { ...sessions, minIdleMs: 3_600_000 })
    expect(await ask(runner, patient.precondition)).toMatchObject({ kind: 'does-not-hold', facts: { sessions: [] } })
  })

  test('without an agreement a person decides, and superusers are never touched', async () => {
    await open('postgres')
    await exhaust()
    await until(async () => (await ask(runner, plan('postgresql.connections-exhausted', undefined, 1).precondition)).kind === 'holds')
    const action = plan('postgresql.connections-exhausted', undefined, 1)
    const execution = await execute(runner, action, { stateDir: target.stateDir, executionId: 'e2' })
    expect(execution).toMatchObject({ failure: undefined, prepared: { risk: 'high' } })
    expect(await clients[0]?.query('select 1')).toBeDefined()
  })

  test('a session that came later under the same pid, or worked since, is not ended; nor is any after the deadline', async () => {
    await exhaust()
    const action = plan('postgresql.connections-exhausted', sessions)
    const [step] = action.given(await runner.run(action.precondition.run))?.steps ?? []
    if (step?.run.kind !== 'sql') throw new Error('not a statement')
    const { run } = step
    const changed = (index: number, value: string | number) => ({
      say: step.say,
      run: { ...run, values: run.values.map((each, at) => (at === index ? value : each)) },
    })
    const later = String(run.values[3]).replaceAll(/T\d\d:/g, 'T99:')
    expect(later).not.toBe(run.values[3])
    await runSteps(runner, [changed(3, later), changed(4, '2020-01-01T00:00:00Z'), changed(2, 3_600_000), changed(1, '["active"]')])
    expect(await ended()).toBe(0)
    await runSteps(runner, [step])
    expect(await ended()).toBe(4)
  })

  test('a role that sees only itself proves nothing', async () => {
    const blind = localRunner({ postgres: postgres.connectionString('app') })
    await open('postgres')
    expect((await ask(blind, plan('postgresql.connections-exhausted', sessions).precondition)).kind).toBe('unknown')
  })
})

describe('postgresql.end-blocker', () => {
  const agreed: SessionPolicy = { users: ['app'], states: ['idle in transaction', 'active'], minIdleMs: 0, max: 2 }

  /** `holder` has the row, `waiter` wants it. */
  const block = async (holding = 'update stock set amount = 11 where id = 1') => {
    const [holder, waiter] = [await open('app'), await open('app')]
    await holder.query('begin')
    await holder.query(holding)
    const waiting = waiter.query('update stock set amount = amount + 1 where id = 1').then(
      () => 'done',
      () => 'failed',
    )
    await until(() => logLine('still waiting') !== undefined)
    return { holder, waiter, waiting }
  }

  test('no one waits: no fault', async () => {
    expect((await ask(runner, plan('postgresql.lock-held', agreed).precondition)).kind).toBe('does-not-hold')
    expect(await isPresent('postgresql.locks')).toBe(false)
  })

  test('ends the session that sits idle in its transaction, and the one that waits goes on', async () => {
    const { holder, waiting } = await block()
    expect(recognise(logLine('still waiting') ?? '')?.fault).toBe('postgresql.lock-held')
    const action = plan('postgresql.lock-held', agreed)
    await until(async () => (await ask(runner, action.precondition)).kind === 'holds')
    await until(async () => (await ask(runner, action.postcondition)).kind === 'does-not-hold')
    const execution = await execute(runner, action, { stateDir: target.stateDir, executionId: 'e1' })
    expect(execution).toMatchObject({ failure: undefined, prepared: { risk: 'medium' } })
    expect(await waiting).toBe('done')
    await expect(holder.query('select 1')).rejects.toThrow()
    expect((await ask(runner, action.postcondition)).kind).toBe('holds')
  })

  test('of a session at work only the statement is cancelled', async () => {
    const { holder, waiting } = await block()
    const sleeping = holder.query('select pg_sleep(60)').then(
      () => 'slept',
      () => 'cancelled',
    )
    const action = plan('postgresql.lock-held', agreed)
    await until(async () => {
      const verdict = await ask(runner, action.precondition)
      return verdict.kind === 'holds' && JSON.stringify(verdict.facts).includes('cancel')
    })
    expect((await execute(runner, action, { stateDir: target.stateDir, executionId: 'e2' })).failure).toBeUndefined()
    expect(await sleeping).toBe('cancelled')
    expect(await waiting).toBe('done')
    expect(await holder.query('rollback')).toBeDefined()
  })

  test('in a queue only the root is ended', async () => {
    const { waiting } = await block()
    const third = await open('app')
    const alsoWaiting = third.query('update stock set amount = amount + 1 where id = 1').then(
      () => 'done',
      () => 'failed',
    )
    const action = plan('postgresql.lock-held', agreed)
    await until(async () => {
      const verdict = await ask(runner, action.precondition)
      return verdict.kind === 'holds' && verdict.facts['waiters'] === 2
    })
    await execute(runner, action, { stateDir: target.stateDir, executionId: 'e3' })
    expect(await Promise.all([waiting, alsoWaiting])).toEqual(['done', 'done'])
  })

  test('a blocker that the agreement does not name is left to a person', async () => {
    const { holder, waiting } = await block()
    expect((await ask(runner, plan('postgresql.lock-held', { ...agreed, users: ['somebody'] }).precondition)).kind).toBe('does-not-hold')
    const byPerson = plan('postgresql.lock-held', undefined, 1)
    await until(async () => (await ask(runner, byPerson.precondition)).kind === 'holds')
    expect(byPerson.given(await runner.run(byPerson.precondition.run))?.risk).toBe('high')
    await holder.query('rollback')
    expect(await waiting).toBe('done')
  })
})

describe('postgresql.restore-config', () => {
  let good: string
  let executions = 0
  const nextExecutionId = () => {
    executions += 1
    return `config-${executions}`
  }
  beforeEach(() => {
    good = readFileSync(postgres.configPath, 'utf8')
  })

  const breakIt = async (line: string, printed: string) => {
    appendFileSync(postgres.configPath, `\n${line}\n`)
    await runner.run({ kind: 'sql', text: 'select pg_reload_conf()', values: [] })
    await until(() => logLine(printed) !== undefined)
  }

  test('files without an error are no fault', async () => {
    const action = planRemedy('postgresql.bad-setting', { target, baseline: await recordBaseline(runner, target) })
    expect((await ask(runner, action.precondition)).kind).toBe('does-not-hold')
  })

  test.each([
    { line: `work_mem = 'abc'`, printed: 'invalid value for parameter "work_mem"' },
    { line: 'max_connections = 13', printed: 'cannot be changed without restarting' },
    { line: 'no_such_setting = on', printed: 'unrecognized configuration parameter' },
    { line: 'work_mem = = 4MB', printed: 'syntax error in file' },
  ])('puts the last good content back after $line, and the faulty one on a roll back', async ({ line, printed }) => {
    const baseline = await recordBaseline(runner, target)
    await breakIt(line, printed)
    expect(recognise(logLine(printed) ?? '')?.fault).toBe('postgresql.bad-setting')
    const action = planRemedy('postgresql.bad-setting', { target, baseline })
    await until(async () => (await ask(runner, action.precondition)).kind === 'holds')
    const before = await stateOf(runner, [postgres.configPath])
    const execution = await execute(runner, action, { stateDir: target.stateDir, executionId: nextExecutionId() })
    expect(execution).toMatchObject({ failure: undefined, permitted: true, prepared: { risk: 'high' } })
    await until(async () => (await ask(runner, action.postcondition)).kind === 'holds')
    expect(readFileSync(postgres.configPath, 'utf8')).toBe(good)
    expect(await execution.rollBack()).toBeUndefined()
    expect(differences(before, await stateOf(runner, [postgres.configPath]))).toEqual([])
    await until(async () => (await ask(runner, action.precondition)).kind === 'holds')
    await runSteps(runner, execution.prepared.steps)
    await until(async () => (await ask(runner, action.postcondition)).kind === 'holds')
  })

  test('an error in a file that is not kept is not ours to mend', async () => {
    const action = planRemedy('postgresql.bad-setting', {
      target,
      baseline: new Map([['/other.conf', { path: '/other.conf', kind: 'file', mode: '0644', uid: 0, gid: 0, sha256: 'a'.repeat(64) }]]),
    })
    await breakIt(`work_mem = 'xyz'`, '"xyz"')
    expect(await ask(runner, action.precondition)).toMatchObject({ kind: 'does-not-hold', facts: { errorsInKeptFiles: 0 } })
    writeFileSync(postgres.configPath, good)
  })
})

test('the wellness probe of PostgreSQL', async () => {
  const probe = healthProbe(target)
  if (probe === undefined) throw new Error('no probe')
  expect(probe.read(await runner.run(probe.run))).toMatchObject({
    level: 'up',
    facts: { maxConnections: 12, reserved: 3, readOnly: false },
  })
})
