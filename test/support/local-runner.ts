/**
 * Runs the programs of the catalogue on this machine: scripts as on a host, as the text of `sh -c` with an empty standard input; statements and
 * commands by the real drivers. What the SSH adapter does with a host, without the host.
 */
import { execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import pg from 'pg'
import { createClient } from 'redis'
import type { SnapshotItem, Step } from '../../src/domain/catalogue/action.ts'
import type { BoundAction, Verdict } from '../../src/domain/catalogue/bound-action.ts'
import { restoreSnapshot, takeSnapshot } from '../../src/domain/catalogue/common/snapshot.ts'
import type { Output, Program } from '../../src/domain/catalogue/program.ts'
import type { Json, JsonObject } from '../../src/domain/ports/json.ts'

export type LocalRunner = Readonly<{ run: (program: Program) => Promise<Output> }>

export type LocalRunnerOptions = Readonly<{
  /** Of the PostgreSQL target. */
  postgres?: string
  /** Unix socket of the Redis target. */
  redisSocket?: string
  /** Runs scripts as this account; only root can. */
  uid?: number
}>

export const localRunner = ({ postgres, redisSocket, uid }: LocalRunnerOptions = {}): LocalRunner => ({
  async run(program) {
    switch (program.kind) {
      case 'exec':
        return exec(program.argv)
      case 'script':
        return script(program.script, program.args, uid)
      case 'sql':
        if (postgres === undefined) throw new Error('this runner has no PostgreSQL')
        return sql(postgres, program.text, program.values)
      case 'redis':
        if (redisSocket === undefined) throw new Error('this runner has no Redis')
        return redis(redisSocket, program.command)
      case 'server':
        throw new Error('this runner has no managed server')
    }
  },
})

const catalogue = new URL('../../src/domain/catalogue/', import.meta.url)

async function exec([file, ...args]: readonly [string, ...string[]]): Promise<Output> {
  try {
    const { stdout, stderr } = await promisify(execFile)(file, args)
    return { kind: 'text', exitCode: 0, stdout, stderr }
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'number') throw error
    return { kind: 'text', exitCode: error.code, stdout: '', stderr: error.message }
  }
}

function script(name: string, args: readonly string[], uid: number | undefined): Promise<Output> {
  return new Promise((resolve, reject) => {
    const text = readFileSync(new URL(name, catalogue), 'utf8')
    const child = spawn('sh', ['-c', text, name, ...args], {
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(uid === undefined ? {} : { uid, gid: uid }),
    })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.on('error', reject)
    child.on('close', (code) =>
      resolve({ kind: 'text', exitCode: code ?? 255, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
    )
  })
}

async function sql(connectionString: string, text: string, values: readonly (string | number | boolean)[]): Promise<Output> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    const { rows } = await client.query<JsonObject>(text, [...values])
    return { kind: 'rows', rows }
  } finally {
    await client.end()
  }
}

async function redis(path: string, command: readonly string[]): Promise<Output> {
  const client = createClient({ socket: { path, tls: false } })
  client.on('error', () => {})
  await client.connect()
  try {
    return { kind: 'value', value: await client.sendCommand<Json>([...command]) }
  } finally {
    client.destroy()
  }
}

export const succeeded = (output: Output): boolean => output.kind !== 'text' || output.exitCode === 0

/** One probe of the action, asked now. */
export const ask = async (runner: LocalRunner, probe: BoundAction['precondition']): Promise<Verdict> =>
  probe.judge(await runner.run(probe.run))

/** Runs steps in order; the first that fails ends it, and its words are told. */
export async function runSteps(runner: LocalRunner, steps: readonly Step[]): Promise<string | undefined> {
  for (const { say, run } of steps) {
    const output = await runner.run(run)
    if (!succeeded(output)) return `${say}: ${output.kind === 'text' ? output.stderr : ''}`
  }
  return undefined
}

/** Precondition, dry run, snapshot, steps: as an execution does it, and hands back what undoes it. */
export async function execute(
  runner: LocalRunner,
  action: BoundAction,
  { stateDir, executionId }: { stateDir: string; executionId: string },
) {
  const prepared = action.given(await runner.run(action.precondition.run))
  if (prepared === undefined) throw new Error('the precondition proves nothing')
  const permitted = prepared.dryRun === undefined || succeeded(await runner.run(prepared.dryRun))
  const paths = prepared.snapshot.flatMap((item) => (item.kind === 'file' ? [item.path] : []))
  const settings = await Promise.all(prepared.snapshot.flatMap((item) => (item.kind === 'setting' ? [keepSetting(runner, item)] : [])))
  const taken = await runner.run(takeSnapshot(stateDir, executionId, paths))
  if (!succeeded(taken)) throw new Error(`no snapshot: ${taken.kind === 'text' ? taken.stderr : ''}`)
  const failure = await runSteps(runner, prepared.steps)
  return {
    prepared,
    permitted,
    failure,
    rollBack: async (): Promise<string | undefined> => {
      for (const restore of settings) await runner.run(restore)
      const restored = await runner.run(restoreSnapshot(stateDir, executionId))
      if (!succeeded(restored)) return restored.kind === 'text' ? restored.stderr : 'not restored'
      return runSteps(runner, action.afterRestore)
    },
  }
}

async function keepSetting(runner: LocalRunner, item: Extract<SnapshotItem, { kind: 'setting' }>): Promise<Program> {
  const value = item.value(await runner.run(item.read))
  if (value === undefined) throw new Error(`the setting ${item.name} cannot be read`)
  return item.write(value)
}
