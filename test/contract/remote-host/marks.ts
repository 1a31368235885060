/** A marked step runs at most once, whoever asks and whatever breaks; and what became of it can be found out later. */
import { once } from 'node:events'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Mark, MarkTaken, RemoteOutcomeUnknown, RemoteTimeout } from '../../../src/domain/ports/remote-host.ts'
import { until } from '../../support/until.ts'
import type { CurrentHost, HostUnderTest } from '../support/host-under-test.ts'
import { spawnStep } from '../support/step-process.ts'

const markOf = ({ dir }: HostUnderTest, step = '1'): Mark => ({ stateDir: join(dir, 'state'), executionId: 'exec-1', step })
const fileOf = ({ stateDir, executionId, step }: Mark): string => join(stateDir, 'marks', executionId, step)
const shell = (text: string, ...args: string[]) => ({ kind: 'exec', argv: ['sh', '-c', text, 'sh', ...args] }) as const

export function markCases(current: CurrentHost): void {
  test('a marked step runs once; its mark holds the exit code and is nobody else’s to read', async () => {
    const here = current()
    const mark = markOf(here)
    const step = shell('echo ran >> "$1"; exit 4', here.path('ran'))
    expect(await here.host.execute(step, { timeoutMs: 5_000, mark })).toMatchObject({ exitCode: 4 })
    await expect(here.host.execute(step, { timeoutMs: 5_000, mark })).rejects.toStrictEqual(new MarkTaken({ mark }))
    expect(here.text('ran')).toBe('ran\n')
    expect(await here.host.settle(mark, {})).toStrictEqual({ kind: 'ended', exitCode: 4 })
    expect(statSync(join(mark.stateDir, 'marks')).mode & 0o777).toBe(0o700)
    expect(statSync(fileOf(mark)).mode & 0o777).toBe(0o600)
    expect(readFileSync(fileOf(mark), 'utf8')).toMatch(/^kind run\nboot [0-9a-f-]{36}\nfrom \d+\nuntil \d+\nend 4\n$/)
  })

  test('of ten runners of one step, one runs it', async () => {
    const here = current()
    const mark = markOf(here)
    const step = shell('echo ran >> "$1"; sleep 0.1', here.path('ran'))
    const runners = Array.from({ length: 5 }, () => here.another().open(here.address())).flatMap((host) => [host, host])
    const results = await Promise.allSettled(runners.map((host) => host.execute(step, { timeoutMs: 5_000, mark })))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(MarkTaken)
    expect(here.text('ran')).toBe('ran\n')
  })

  test('a step that was never started is fenced by the question, and never starts', async () => {
    const here = current()
    const mark = markOf(here)
    expect(await here.host.settle(mark, {})).toStrictEqual({ kind: 'void' })
    const step = shell('touch "$1"', here.path('ran'))
    await expect(here.host.execute(step, { timeoutMs: 5_000, mark })).rejects.toThrow(MarkTaken)
    expect(existsSync(here.path('ran'))).toBe(false)
    expect(await here.host.settle(mark, {})).toStrictEqual({ kind: 'void' })
  })

  test('a runner and a fence at the same moment: the step ran, or it is void, never both', async () => {
    const here = current()
    for (let round = 0; round < 10; round += 1) {
      const mark = markOf(here, `race-${round}`)
      const file = here.path(`ran-${round}`)
      const [ran, state] = await Promise.allSettled([
        here.host.execute(shell('touch "$1"', file), { timeoutMs: 5_000, mark }),
        here.host.settle(mark, {}),
      ])
      if (state.status === 'rejected') throw state.reason
      expect(state.value.kind === 'void').toBe(ran.status === 'rejected')
      expect(existsSync(file)).toBe(ran.status === 'fulfilled')
    }
  })

  test('a cut connection does not stop a step: it is running, then ended', async () => {
    const here = current()
    const mark = markOf(here)
    const step = shell(
      'echo noise; touch "$1"; while [ ! -e "$2" ]; do sleep 0.05; done; echo noise; echo noise >&2; exit 6',
      here.path('begun'),
      here.path('go'),
    )
    const running = here.fragile.execute(step, { timeoutMs: 20_000, mark })
    const outcome = expect(running).rejects.toThrow(RemoteOutcomeUnknown)
    await until(() => existsSync(here.path('begun')))
    here.line.resetConnections()
    await outcome
    expect(await here.host.settle(mark, {})).toStrictEqual({ kind: 'running' })
    writeFileSync(here.path('go'), '')
    await until(async () => (await here.host.settle(mark, {})).kind === 'ended')
    expect(await here.host.settle(mark, {})).toStrictEqual({ kind: 'ended', exitCode: 6 })
  })

  test('a frozen connection: the outcome is unknown, the step goes on, the mark tells', async () => {
    const here = current()
    const mark = markOf(here)
    const running = here.fragile.execute(shell('touch "$1"; sleep 0.5; exit 0', here.path('begun')), { timeoutMs: 20_000, mark })
    const outcome = expect(running).rejects.toThrow(RemoteOutcomeUnknown)
    await until(() => existsSync(here.path('begun')))
    here.line.freeze()
    await outcome
    await until(async () => (await here.host.settle(mark, {})).kind === 'ended')
  })

  test('a hang-up of the session does not end the step', async () => {
    const here = current()
    const mark = markOf(here)
    // The session leader and its group, as a terminal that goes away would signal them.
    const text = 'session=$(cut -d " " -f 6 /proc/self/stat); kill -HUP "-$session"; sleep 0.2; exit 8'
    expect(await here.host.execute(shell(text), { timeoutMs: 5_000, mark })).toMatchObject({ exitCode: 8 })
    expect(await here.host.settle(mark, {})).toStrictEqual({ kind: 'ended', exitCode: 8 })
  })

  test('a caller killed with -9 leaves a step that runs to its end, and is not run again', async () => {
    const here = current()
    const mark = markOf(here)
    const step = shell('echo ran >> "$1"; while [ ! -e "$2" ]; do sleep 0.05; done; exit 3', here.path('ran'), here.path('go'))
    const caller = spawnStep({ address: here.address(), program: step, timeoutMs: 20_000, mark })
    await until(() => existsSync(here.path('ran')))
    const exited = once(caller, 'exit')
    caller.kill('SIGKILL')
    await exited
    expect(await here.host.settle(mark, {})).toStrictEqual({ kind: 'running' })
    await expect(here.host.execute(step, { timeoutMs: 20_000, mark })).rejects.toThrow(MarkTaken)
    writeFileSync(here.path('go'), '')
    await until(async () => (await here.host.settle(mark, {})).kind === 'ended')
    expect(here.text('ran')).toBe('ran\n')
  })

  test('a step whose runner was killed is unknown once its time has passed', async () => {
    const here = current()
    const mark = markOf(here)
    // Everything of this session but this shell, which `timeout` has put into a group of its own.
    const text = 'session=$(cut -d " " -f 6 /proc/self/stat); kill -KILL "-$session"; exit 0'
    await expect(here.host.execute(shell(text), { timeoutMs: 300, mark })).rejects.toThrow(RemoteOutcomeUnknown)
    expect(await here.host.settle(mark, {})).toStrictEqual({ kind: 'running' })
    await until(async () => (await here.host.settle(mark, {})).kind === 'unknown')
    expect(await here.host.settle(mark, {})).toStrictEqual({ kind: 'unknown', rebooted: false })
  })

  test('a step from before the last boot is unknown at once', async () => {
    const here = current()
    const mark = markOf(here)
    await here.host.execute(shell('exit 0'), { timeoutMs: 60_000, mark })
    const written = readFileSync(fileOf(mark), 'utf8')
    writeFileSync(fileOf(mark), written.replace(/^boot .*$/m, 'boot 00000000-0000-4000-8000-000000000000').replace(/^end .*\n/m, ''))
    expect(await here.host.settle(mark, {})).toStrictEqual({ kind: 'unknown', rebooted: true })
    // The end of a step stays true after a boot, but half a line is no end.
    writeFileSync(fileOf(mark), written.replace(/\n$/, ''))
    expect(await here.host.settle(mark, {})).toStrictEqual({ kind: 'running' })
    writeFileSync(fileOf(mark), written)
    expect(await here.host.settle(mark, {})).toStrictEqual({ kind: 'ended', exitCode: 0 })
  })

  test('a time-out is an end, and stands in the mark', async () => {
    const here = current()
    const mark = markOf(here)
    await expect(here.host.execute(shell('sleep 60'), { timeoutMs: 300, mark })).rejects.toThrow(RemoteTimeout)
    expect(await here.host.settle(mark, {})).toStrictEqual({ kind: 'ended', exitCode: 124 })
  })

  test('a script whose sending is cut short never starts', async () => {
    const here = current()
    const mark = markOf(here)
    here.script('long.sh', `touch "$1"\n${'# padding\n'.repeat(9_000)}`)
    await here.fragile.execute(shell('true'), { timeoutMs: 5_000 })
    const running = here.fragile.execute({ kind: 'script', script: 'long.sh', args: [here.path('ran')] }, { timeoutMs: 5_000, mark })
    const outcome = running.then(
      () => 'ran',
      () => 'failed',
    )
    await new Promise((resolve) => setImmediate(resolve))
    here.line.resetConnections()
    const state = (await outcome) === 'ran' ? 'ended' : (await here.host.settle(mark, {})).kind
    expect(state === 'void').toBe(!existsSync(here.path('ran')))
  })

  test('where no mark can be written, nothing runs', async () => {
    const here = current()
    writeFileSync(here.path('state'), 'a file where the directory should be')
    const running = here.host.execute(shell('touch "$1"', here.path('ran')), { timeoutMs: 5_000, mark: markOf(here) })
    await expect(running).rejects.toMatchObject({ name: 'HostUnreachable', message: expect.stringContaining('no mark') })
    expect(existsSync(here.path('ran'))).toBe(false)
  })

  test('the parts of a mark are names, not paths', async () => {
    const here = current()
    for (const mark of [
      { ...markOf(here), step: '../1' },
      { ...markOf(here), executionId: '' },
      { ...markOf(here), stateDir: 'relative' },
      { ...markOf(here), stateDir: '/var/../etc' },
    ]) {
      await expect(here.host.execute(shell('true'), { timeoutMs: 5_000, mark })).rejects.toThrow(/^mark\./)
      await expect(here.host.settle(mark, {})).rejects.toThrow(/^mark\./)
    }
  })
}
