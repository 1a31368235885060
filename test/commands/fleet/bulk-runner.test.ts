import { describe, expect, test } from 'vitest'
import { createBulkBench } from './bulk-bench.ts'

const three = ['a', 'b', 'c']

async function withServers(ids: readonly string[] = three) {
  const bench = createBulkBench()
  for (const id of ids) await bench.register(id)
  return bench
}

test('each server is asked, and the operation ends when all of them are what was asked', async () => {
  const bench = await withServers()
  bench.fleet()
  bench.start()
  await bench.ask('servers-start', three)
  await bench.rest()
  expect(bench.results().toSorted()).toStrictEqual(['a succeeded', 'b succeeded', 'c succeeded', 'succeeded'])
})

test('what is refused, what fails and what is not there are results of their own, and never a success of the whole', async () => {
  const bench = await withServers(['a', 'b'])
  await bench.register('off', { enabled: false })
  bench.fleet((id) => (id === 'b' ? 'fails' : 'well'))
  bench.start()
  await bench.ask('servers-start', ['a', 'b', 'off', 'nobody'])
  await bench.rest()
  expect(bench.results().toSorted()).toStrictEqual([
    'a succeeded',
    'b exited',
    'nobody server-not-registered',
    'off server-disabled',
    'partly',
  ])
})

test('a server that gets nowhere is unknown after its time, with how it stands', async () => {
  const bench = await withServers(['a'])
  bench.fleet(() => undefined)
  bench.start({ itemTimeoutMs: 60_000 })
  await bench.ask('servers-start', ['a'])
  await bench.rest()
  await bench.clock.advance(59_000)
  expect(bench.results()).toStrictEqual([])
  await bench.clock.advance(2_000)
  await bench.rest()
  expect(bench.results()).toStrictEqual(['a unknown', 'failed'])
  const [unknown] = bench.all().filter((event) => event.type === 'OperationItemUnknown')
  expect(unknown?.data).toMatchObject({ says: { text: 'after 60 s it is stopped; whether it gets there is not known' } })
})

test('no more servers than allowed are under way, and each begins as soon as there is room', async () => {
  const ids = Array.from({ length: 7 }, (_, index) => `s-${index}`)
  const bench = await withServers(ids)
  bench.start({ concurrency: 3 })
  await bench.ask('servers-start', ids)
  await bench.rest()
  expect(bench.count('OperationItemStarted')).toBe(3)
  bench.fleet()
  await bench.rest()
  await bench.rest()
  expect(bench.results()).toContain('succeeded')
  let underWay = 0
  for (const { type } of bench.all()) {
    if (type === 'OperationItemStarted') underWay += 1
    if (type === 'OperationItemSucceeded') underWay -= 1
    expect(underWay).toBeLessThanOrEqual(3)
  }
})

test('cancelling lets finish what has begun, and begins nothing else', async () => {
  const bench = await withServers()
  bench.start({ concurrency: 1 })
  const { id } = await bench.ask('servers-start', three)
  await bench.rest()
  await bench.commands.cancelOperation({ id, reason: 'wrong list', meta: bench.meta('c-2') })
  bench.fleet()
  await bench.rest()
  expect(bench.results()).toStrictEqual(['a succeeded', 'cancelled'])
  expect(bench.count('ServerStartRequested')).toBe(1)
  const late = bench.commands.cancelOperation({ id, reason: 'again', meta: bench.meta('c-3') })
  await expect(late).rejects.toMatchObject({ rule: 'operation-not-running' })
})

test('the same request again is the same operation', async () => {
  const bench = await withServers()
  bench.fleet()
  bench.start()
  const first = await bench.ask('servers-restart', three)
  const second = await bench.ask('servers-restart', three)
  await bench.rest()
  expect(second.id).toBe(first.id)
  expect(bench.count('ServerRestartRequested')).toBe(3)
})

test('a server that is retired gives its name back', async () => {
  const bench = createBulkBench()
  const { config } = await import('../../domain/server/given.ts')
  const register = (commandId: string) =>
    bench.servers.registerServer({ name: 'files', config: { ...config, autoStart: false }, enabled: true, meta: bench.meta(commandId) })
  const { id } = await register('c-1')
  bench.start()
  await bench.ask('servers-retire', [id], 'c-2')
  await bench.rest()
  expect(bench.results()).toStrictEqual([`${id} succeeded`, 'succeeded'])
  expect((await register('c-3')).id).not.toBe(id)
})

test('a built-in server is refused by its rule', async () => {
  const bench = createBulkBench()
  await bench.register('a', { builtIn: true })
  bench.start()
  await bench.ask('servers-retire', ['a'])
  await bench.rest()
  expect(bench.results()).toStrictEqual(['a built-in-server', 'failed'])
})

test('what was done to one server can be undone by the command of that server', async () => {
  const bench = await withServers(['a'])
  bench.fleet()
  bench.start()
  await bench.ask('servers-disable', ['a'])
  await bench.rest()
  const begun = bench.all().find((event) => event.type === 'OperationItemStarted')
  const commandId = begun?.type === 'OperationItemStarted' ? begun.data.commandId : ''
  expect(await bench.types(`command-${commandId}`)).toStrictEqual(['CommandReceived', 'CommandSucceeded'])
  const [disabled] = bench.all().filter(({ type }) => type === 'ServerDisabled')
  expect(disabled).toMatchObject({ data: { by: 'mira', reason: 'because' }, metadata: { actor: 'key-1', commandId } })
})

test('a preview says what each server would answer, and records nothing', async () => {
  const bench = await withServers(['a'])
  await bench.register('off', { enabled: false })
  const before = bench.all().length
  const items = ['a', 'off', 'nobody'].map((id) => ({ id, name: null }))
  expect(await bench.commands.startBulk.preview({ kind: 'servers-start', items, reason: 'x' }, 'mira')).toStrictEqual({
    items: [
      { id: 'a', name: null, wouldRecord: ['ServerStartRequested'] },
      { id: 'off', name: null, wouldRecord: [], refusal: { rule: 'server-disabled', facts: { because: 'not enabled yet' } } },
      { id: 'nobody', name: null, wouldRecord: [], refusal: { rule: 'server-not-registered', facts: { situation: 'absent' } } },
    ],
  })
  expect(await bench.commands.startBulk.preview({ kind: 'servers-start', items: [], reason: 'x' }, 'mira')).toMatchObject({
    refusal: { rule: 'operation-empty' },
  })
  expect(bench.all()).toHaveLength(before)
})

describe('whatever dies, and wherever', () => {
  const whole = ['a succeeded', 'b succeeded', 'nobody server-not-registered', 'partly']

  async function upAndAsked() {
    const bench = await withServers(['a', 'b'])
    bench.fleet()
    await bench.servers.startServer({ id: 'a', reason: 'x', meta: bench.meta('up-a') })
    await bench.rest()
    await bench.ask('servers-restart', ['a', 'b', 'nobody'])
    return bench
  }

  /** Each server was asked once, began once and ended once, and the whole ended once. */
  function expectOnce(bench: Awaited<ReturnType<typeof upAndAsked>>, where: string): void {
    expect(bench.results().toSorted(), where).toStrictEqual(whole)
    for (const id of ['a', 'b']) expect(bench.count('ServerRestartRequested', `server-${id}`), `${where}, ${id}`).toBe(1)
    expect(bench.count('OperationItemStarted'), where).toBe(3)
    expect(bench.count('OperationEnded'), where).toBe(1)
  }

  async function appendsOfOneRun(): Promise<number> {
    const bench = await upAndAsked()
    const runner = bench.start()
    await bench.rest()
    expectOnce(bench, 'nothing dies')
    return runner.appends()
  }

  test('nothing is done twice, and all of it is done', { timeout: 60_000 }, async () => {
    const appends = await appendsOfOneRun()
    expect(appends).toBeGreaterThanOrEqual(12)
    for (let atAppend = 0; atAppend < appends; atAppend++) {
      for (const when of ['before', 'after'] as const) {
        const bench = await upAndAsked()
        const first = bench.start({ crash: { atAppend, when } })
        await bench.rest()
        expect(first.died.aborted, `append ${atAppend}`).toBe(true)
        bench.start()
        // A command that its runner left in the middle is taken for dead after a while.
        for (let seconds = 0; seconds < 45; seconds += 5) await bench.clock.advance(5_000)
        await bench.rest()
        expectOnce(bench, `died ${when} append ${atAppend}`)
      }
    }
  })

  test('two runners at the same time do no more than one', async () => {
    const bench = await upAndAsked()
    const leases = {
      tryHold: async (name: string) => ({ name, lost: new AbortController().signal, [Symbol.asyncDispose]: async () => undefined }),
      isHeld: async () => true,
    }
    bench.start({ leases })
    bench.start({ leases })
    await bench.rest()
    for (let seconds = 0; seconds < 45; seconds += 5) await bench.clock.advance(5_000)
    expectOnce(bench, 'two runners')
  })

  test('a runner that stumbles over something unforeseen takes the operation up again, and does nothing twice', async () => {
    const bench = await withServers(['a', 'b'])
    bench.fleet()
    bench.start({ stumbles: (type) => type === 'OperationItemSucceeded' })
    await bench.ask('servers-restart', ['a', 'b'])
    await bench.rest()
    expect(bench.results()).toHaveLength(1)
    expect(bench.logged).toContainEqual(expect.objectContaining({ level: 'error', message: expect.stringContaining('taken up again') }))
    await bench.clock.advance(5_000)
    await bench.rest()
    expect(bench.results().toSorted()).toStrictEqual(['a succeeded', 'b succeeded', 'succeeded'])
    for (const id of ['a', 'b']) expect(bench.count('ServerRestartRequested', `server-${id}`)).toBe(1)
  })

  test('a runner that stops leaves what is under way to the next one', async () => {
    const bench = await withServers(['a'])
    const first = bench.start()
    await bench.ask('servers-start', ['a'])
    await bench.rest()
    expect(bench.count('OperationItemStarted')).toBe(1)
    await first.stop()
    bench.start()
    bench.fleet()
    await bench.rest()
    expect(bench.results()).toStrictEqual(['a succeeded', 'succeeded'])
    expect(bench.count('ServerStartRequested')).toBe(1)
  })
})

test('operations are carried out where servers are supervised, and let go of when they are not any more', async () => {
  const bench = await withServers(['a'])
  let supervised = 'other'
  const tried: string[] = []
  const tryHold = async (name: string) => {
    tried.push(name)
    return await bench.leases.tryHold(name)
  }
  bench.start({ supervises: () => supervised === 'one', leases: { ...bench.leases, tryHold } })
  await bench.ask('servers-start', ['a'])
  await bench.clock.advance(5_000)
  expect(bench.count('OperationItemStarted')).toBe(0)
  expect(tried).toEqual([])
  supervised = 'one'
  await bench.clock.advance(1_000)
  expect(bench.count('OperationItemStarted')).toBe(1)
  supervised = 'other'
  await bench.clock.advance(1_000)
  expect(await bench.leases.isHeld('bulk-operations')).toBe(false)
  // Who supervises now goes on with it.
  bench.fleet()
  bench.start({ supervises: () => supervised === 'other' })
  await bench.ask('servers-restart', ['a'], 'c-2')
  await bench.clock.advance(1_000)
  await bench.rest()
  expect(bench.results()).toContain('a succeeded')
})
