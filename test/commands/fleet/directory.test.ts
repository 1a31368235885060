/** What single clients have of a server: always the program of the run that the supervisor knows, ended with it, and not cut off in the middle of a call. */
import { expect, test } from 'vitest'
import { createDirectory } from '../../../src/commands/fleet/directory.ts'
import type { Launch } from '../../../src/commands/fleet/launch.ts'
import { lentLine } from '../../../src/commands/fleet/lent-line.ts'
import { request, result } from '../../../src/domain/mcp/message.ts'
import { type LinkEnd, LinkEnded, type LinkListener, type McpLink } from '../../../src/domain/ports/mcp.ts'
import type { ServerConfig } from '../../../src/domain/server/config.ts'
import { config, told } from '../../domain/server/given.ts'
import { createFleetBench, restart, start, stop } from './fleet-bench.ts'

const signal = new AbortController().signal
const OLD = 'server-everything@2026.8.31'
const NEW = 'server-everything@2026.9.1'
const upgraded: ServerConfig = {
  ...config,
  isolation: 'session',
  transport: { kind: 'stdio', command: 'npx', args: ['-y', `@modelcontextprotocol/${NEW}`], env: {} },
}

async function world({ launch }: { launch?: (usual: Launch) => Launch } = {}) {
  const fleet = createFleetBench()
  const { supervisor } = fleet.start()
  const directory = createDirectory({
    ...fleet,
    supervisor,
    launch: launch?.(fleet.launch) ?? fleet.launch,
    rules: { judge: () => ({ kind: 'ok', timeoutMs: 1_000, retrySafe: false }) },
    logPathOf: (name, runId) => `/tmp/${name}/${runId}`,
    breaker: { failuresToOpen: 5, openMs: 30_000 },
  })
  await fleet.register({ isolation: 'session' })
  await fleet.ask(start)
  const managed = supervisor.server('s-1')
  const server = directory.find('everything')
  if (!managed || !server) throw new RangeError('it is not supervised')
  return {
    ...fleet,
    managed,
    server,
    /** As it is now. */
    find: () => directory.find('everything'),
    async changeConfig(): Promise<void> {
      await fleet.given('server-s-1', {
        type: 'ServerConfigChanged',
        data: { ...told, config: { ...upgraded, healthEveryMs: 60_000 }, changed: ['transport.args.1'] },
      })
      managed.look()
      await fleet.rest()
    },
    /** Which version each program is that was started, and whether it has ended. */
    ran: () =>
      fleet.programs.map(({ request: { config }, stopped }) => [JSON.stringify(config.transport).includes(NEW) ? NEW : OLD, stopped]),
  }
}

test('a caller who waited for the restart gets the new program, though he came when it was the old one', async () => {
  const { server, managed, changeConfig, ask, program, ran } = await world()
  program().idle.resolve()
  using _drained = await managed.drain(5_000, signal)
  const opening = server.own('late', signal)
  await changeConfig()
  await ask(restart)
  await opening
  expect(ran()).toStrictEqual([
    [OLD, true],
    [NEW, false],
    [NEW, false],
  ])
})

test('until the restart a new client gets what the supervisor runs: nobody has seen the tools of the next run', async () => {
  const { find, changeConfig, ask, ran } = await world()
  await changeConfig()
  await find()?.own('early', signal)
  expect(ran()).toStrictEqual([
    [OLD, false],
    [OLD, false],
  ])
  await ask(restart)
  expect(ran()).toStrictEqual([
    [OLD, true],
    [OLD, true],
    [NEW, false],
  ])
})

test('what is only being opened for a client when the restart comes ends with it', async () => {
  const gate = Promise.withResolvers<void>()
  const { server, changeConfig, ask, ran, rest } = await world({
    launch: (usual) => async (asked) => {
      await gate.promise
      return usual(asked)
    },
  })
  const opening = server.own('slow', signal)
  await changeConfig()
  const restarting = ask(restart)
  gate.resolve()
  await Promise.all([opening, restarting])
  await rest()
  expect(ran().filter(([version, stopped]) => version === OLD && !stopped)).toStrictEqual([])
})

test('after a crash clients keep what is theirs, unless it is another program by now', async () => {
  const { server, changeConfig, program, clock, rest, ran } = await world()
  await server.own('one', signal)
  const crash = async (index: number): Promise<void> => {
    program(index).crash()
    await rest()
    await clock.advance(5_001)
    await rest()
  }
  await crash(0)
  expect(ran().slice(1)).toStrictEqual([
    [OLD, false],
    [OLD, false],
  ])
  await changeConfig()
  await crash(2)
  expect(ran().slice(1)).toStrictEqual([
    [OLD, true],
    // It crashed; nobody had to stop it.
    [OLD, true],
    [NEW, false],
  ])
})

test('a line that ends by itself takes its program with it, once', async () => {
  const { server, program, ask, rest } = await world()
  const link = await server.own('one', signal)
  const own = program()
  own.lineEnded.resolve({ reason: 'output-closed', says: 'it closed its output and lives on' })
  await link.ended
  await rest()
  expect(own.stopped).toBe(true)
  own.stopped = false
  await ask(stop)
  // It was given back: nobody ends it again.
  expect(own.stopped).toBe(false)
})

test('nobody gets a program of a server that was stopped while he waited', async () => {
  const { server, managed, ask, program, programs } = await world()
  program().idle.resolve()
  using _drained = await managed.drain(5_000, signal)
  const opening = server.own('late', signal)
  await Promise.all([ask(stop), expect(opening).rejects.toMatchObject({ rule: 'server-stopped' })])
  expect(programs).toHaveLength(1)
})

test('before another run takes the place of one, calls on the lines of single clients end as well', async () => {
  const { managed, program, rest } = await world()
  const called = Promise.withResolvers<void>()
  managed.lend({ end: async () => undefined, idle: () => called.promise })
  program().idle.resolve()
  let drained = false
  const draining = managed.drain(60_000, signal).then((undo) => {
    drained = true
    return undo
  })
  await rest()
  expect(drained).toBe(false)
  called.resolve()
  using _drained = await draining
  expect(drained).toBe(true)
})

function fakeLink() {
  let listener: LinkListener | undefined
  const ended = Promise.withResolvers<LinkEnd>()
  let refuses = false
  const link: McpLink = {
    ...{ kind: 'stdio', ended: ended.promise, abandon: () => false, agreed: () => undefined },
    listen(to) {
      listener = to
    },
    async send() {
      if (refuses) throw new LinkEnded({ reason: 'exited', says: 'it ended' })
    },
    close: async () => ended.resolve({ reason: 'asked', says: 'the line was closed' }),
  }
  return {
    link,
    ended,
    refuse: () => {
      refuses = true
    },
    says: (id: number) => listener?.message(result(id, {}), undefined),
    loses: (id: number) => listener?.lost(id, { rule: 'no-answer', says: 'none', unseen: false }),
  }
}

test('a lent line is idle when nothing that was asked on it waits for its answer, however that ended', async () => {
  const fake = fakeLink()
  const { link, idle } = lentLine(fake.link, async () => undefined)
  link.listen({ message: () => undefined, lost: () => undefined, noise: () => undefined })
  await idle()
  const ends: Record<string, (id: number) => unknown> = {
    answered: fake.says,
    lost: fake.loses,
    'given up': (id) => link.abandon(id),
    'of a line that ended': () => fake.ended.resolve({ reason: 'exited', says: 'it ended' }),
  }
  let id = 0
  for (const [how, end] of Object.entries(ends)) {
    await link.send(request('theirs', 'tools/call'), { id: ++id })
    // A subscription listens as long as its client wants.
    await link.send(request('theirs', 'subscriptions/listen'), { id: 1_000 + id })
    let isIdle = false
    const waiting = idle().then(() => {
      isIdle = true
    })
    await Promise.resolve()
    expect(isIdle, how).toBe(false)
    end(id)
    await waiting
  }
  fake.refuse()
  await expect(link.send(request('theirs', 'tools/call'), { id: 99 })).rejects.toThrow('it ended')
  await idle()
})
