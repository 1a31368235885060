/**
 * A managed server in the place of a host: questions are answered from the log and by its supervisor, wishes are commands to the server. The mark of a
 * step is its command id in the server's own stream, in one append with what the step does: so a step has left its mark and its deed, or neither.
 */
import type { Output, ServerIntent, ServerRequest } from '../../domain/catalogue/program.ts'
import { serverLook } from '../../domain/catalogue/server/look.ts'
import { elapsedMs } from '../../domain/instant.ts'
import type { Ids } from '../../domain/ports/ids.ts'
import { HostUnreachable, type Mark, MarkTaken, type RemoteHost, ServiceRefused } from '../../domain/ports/remote-host.ts'
import { protect } from '../../domain/protected.ts'
import type { IntentCommand } from '../../domain/server/commands.ts'
import type { ServerConfig } from '../../domain/server/config.ts'
import { type ConfigHistory, configHistory } from '../../domain/server/config-history.ts'
import { violationsOfConfig } from '../../domain/server/config-rules.ts'
import { violationsOfExecutable } from '../../domain/server/executable.ts'
import type { RegisteredServer, Server } from '../../domain/server/state.ts'
import type { CommandCause, HandleCommand } from '../aggregate-commands.ts'
import { CommandRefused } from '../command-refused.ts'
import type { EventLog } from '../event-log.ts'
import { CONFLICT_ATTEMPTS } from '../retry.ts'
import type { ReadFolded } from '../stream-memory.ts'
import { configHash, intentOf, type LookDeps, lookAtServer, supervisorOf } from './server-look.ts'

export type ServerHostOptions = Omit<LookDeps, 'desk'> &
  Readonly<{
    log: EventLog
    handle: HandleCommand
    ids: Ids
    /** Undefined until there is a fleet. */
    desk: () => LookDeps['desk'] | undefined
  }>

/** Who acts, as the events of the server tell it. Not the supervisor: what healing disables is not what the supervisor has given up. */
export const HEALER = 'healing'

const ASK_EVERY_MS = 200
const NEVER = new AbortController().signal
/** What `timeout` exits with; here, of a server that is neither running nor given up in time. */
const TIMED_OUT_EXIT_CODE = 124

export function createServerHosts(options: ServerHostOptions): (serverId: string) => RemoteHost {
  const readHistory = options.log.reader(configHistory)
  return (serverId) => new ServerHost(serverId, readHistory, options)
}

class ServerHost implements RemoteHost {
  readonly #serverId: string
  readonly #readHistory: ReadFolded<ConfigHistory>
  readonly #options: ServerHostOptions

  constructor(serverId: string, readHistory: ReadFolded<ConfigHistory>, options: ServerHostOptions) {
    this.#serverId = serverId
    this.#readHistory = readHistory
    this.#options = options
  }

  async execute(...[program, { mark, timeoutMs, signal = NEVER }]: Parameters<RemoteHost['execute']>): Promise<Output> {
    if (program.kind !== 'server') throw new TypeError(`a managed server runs no ${program.kind} of ours`)
    const { request } = program
    switch (request.verb) {
      case 'look':
        return { kind: 'value', value: await this.#look(request, signal) }
      case 'print-configuration': {
        const config = await this.#configOf(request.sha256)
        return config ? text(0, `${JSON.stringify(config, null, 2)}\n`) : unknownConfiguration(request.sha256)
      }
      default:
        if (!mark) throw new TypeError(`${request.verb} is a step, and needs a mark`)
        return this.#step(request, mark, timeoutMs, signal)
    }
  }

  async settle({ executionId, step }: Mark): ReturnType<RemoteHost['settle']> {
    const { handle, clock } = this.#options
    const commandId = this.#markOf({ executionId, step })
    const command: IntentCommand = { type: 'FenceStep', data: { executionId, step, now: clock.now() } }
    // Handled once per id: when the step came first, it stays; when this comes first, the step never will.
    await handle({ aggregate: 'server', id: this.#serverId, command }, this.#cause(executionId, commandId))
    const first = (await this.#load()).find(({ metadata }) => metadata.commandId === commandId)
    return first?.type === 'ServerStepFenced' ? { kind: 'void' } : { kind: 'ended', exitCode: 0 }
  }

  /** There is no log to follow: what a server writes is read where it fails. */
  async *follow(...[, { signal }]: Parameters<RemoteHost['follow']>): ReturnType<RemoteHost['follow']> {
    await new Promise<void>((resolve) => {
      if (signal.aborted) return resolve()
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  async close(): Promise<void> {}

  async #look(request: Extract<ServerRequest, { verb: 'look' }>, signal: AbortSignal) {
    const { hash, clock } = this.#options
    const desk = this.#options.desk()
    if (!desk) throw this.#unsupervised()
    try {
      const server = await this.#server()
      const { state: history } = await this.#readHistory(`server-${this.#serverId}`)
      const seen = await lookAtServer(server, history, request.try, { desk, hash, clock }, signal)
      return seen ? serverLook.parse(seen) : null
    } catch (error) {
      if (error instanceof CommandRefused && error.rule === 'server-not-supervised-here') throw this.#unsupervised()
      throw error
    }
  }

  async #step(
    request: Exclude<ServerRequest, { verb: 'look' | 'print-configuration' }>,
    mark: Mark,
    timeoutMs: number,
    signal: AbortSignal,
  ) {
    const commandId = this.#markOf(mark)
    if ((await this.#load()).some(({ metadata }) => metadata.commandId === commandId)) throw new MarkTaken({ mark })
    try {
      switch (request.verb) {
        case 'configure':
          return await this.#configure(request, mark)
        case 'limit-memory':
          return await this.#changeFrom(mark, (config) => {
            const { memoryBytes: _, ...others } = config.limits
            return { ...config, limits: request.bytes === 0 ? others : { ...others, memoryBytes: request.bytes } }
          })
        case 'want':
          await this.#want(request.intent, mark)
          return request.intent === 'running' ? await this.#settled(timeoutMs, signal) : text(0, '')
      }
    } catch (error) {
      if (!(error instanceof CommandRefused)) throw error
      const facts = Object.entries(error.facts).map(([name, fact]) => `${name}: ${fact}`)
      return text(1, '', [`refused: ${error.rule}`, ...facts].join(', '))
    }
  }

  async #configure({ from, to }: Extract<ServerRequest, { verb: 'configure' }>, mark: Mark): Promise<Output> {
    const { hash } = this.#options
    const config = await this.#configOf(to)
    if (!config) return unknownConfiguration(to)
    return await this.#changeFrom(mark, (present) => {
      const is = configHash(present, hash)
      return is === from || is === to ? config : 'somebody else has changed the configuration'
    })
  }

  /** @param changed what the present configuration becomes, or why it must stay. */
  async #changeFrom(mark: Mark, changed: (present: ServerConfig) => ServerConfig | string): Promise<Output> {
    for (let attempt = 1; ; attempt++) {
      const { state, expected } = await this.#options.log.states.server(this.#serverId)
      const config = changed(registered(state).config)
      if (typeof config === 'string') return text(1, '', config)
      // What was allowed when it was recorded may not be any more.
      const [broken] = [...violationsOfConfig(config), ...violationsOfExecutable(config)]
      if (broken) return text(1, '', `${broken.field} ${broken.says}`)
      try {
        // Held to what was just looked at: the whole is written, and a change in between must not be overwritten by it.
        const command: IntentCommand = { type: 'ChangeServerConfig', data: { ...this.#said(mark), config } }
        await this.#tell(command, mark, typeof expected === 'bigint' ? expected : undefined)
        return text(0, '')
      } catch (error) {
        // The supervisor goes on telling what it sees meanwhile; that alone is no change.
        const isConflict = error instanceof CommandRefused && error.rule === 'concurrency-conflict'
        if (!isConflict || attempt >= CONFLICT_ATTEMPTS) throw error
      }
    }
  }

  async #want(intent: ServerIntent, mark: Mark): Promise<void> {
    const said = this.#said(mark)
    const is = intentOf(await this.#server())
    switch (intent) {
      case 'disabled':
        return this.#tell({ type: 'DisableServer', data: { ...said, because: 'failures' } }, mark)
      case 'running':
        return is === 'disabled'
          ? this.#tell({ type: 'EnableServer', data: { ...said, start: true } }, mark)
          : this.#tell({ type: 'RequestServerRestart', data: said }, mark)
      case 'stopped':
        return is === 'disabled'
          ? this.#tell({ type: 'EnableServer', data: { ...said, start: false } }, mark)
          : this.#tell({ type: 'RequestServerStop', data: said }, mark)
    }
  }

  /** Until it runs, or the supervisor has given it up again. */
  async #settled(timeoutMs: number, signal: AbortSignal): Promise<Output> {
    const { clock } = this.#options
    const begun = clock.now()
    for (;;) {
      const server = await this.#server()
      if (server.state === 'running' && !server.run?.replace) return text(0, '')
      if (supervisorOf(server) !== 'acting') {
        return text(1, '', `it does not run: ${server.failure?.says.text ?? `it is ${server.state}`}`)
      }
      if (elapsedMs(begun, clock.now()) > timeoutMs - ASK_EVERY_MS) return text(TIMED_OUT_EXIT_CODE, '', `it still is ${server.state}`)
      await clock.sleep(ASK_EVERY_MS, signal)
    }
  }

  async #tell(command: IntentCommand, mark: Mark, expectedRevision?: bigint): Promise<void> {
    const cause = this.#cause(mark.executionId, this.#markOf(mark))
    const held = expectedRevision === undefined ? cause : { ...cause, expectedRevision }
    await this.#options.handle({ aggregate: 'server', id: this.#serverId, command }, held)
  }

  #said({ executionId }: Mark) {
    return { by: HEALER, reason: `execution ${executionId}`, now: this.#options.clock.now() }
  }

  #cause(executionId: string, commandId: string): CommandCause {
    return { actor: 'steward', correlationId: executionId, causationId: executionId, commandId }
  }

  #markOf({ executionId, step }: Pick<Mark, 'executionId' | 'step'>): string {
    return this.#options.ids.derived('server-step', this.#serverId, executionId, step)
  }

  /** @throws ServiceRefused it is no longer a server. */
  async #server(): Promise<RegisteredServer> {
    return registered((await this.#options.log.states.server(this.#serverId)).state)
  }

  async #configOf(sha256: string): Promise<ServerConfig | undefined> {
    const { state } = await this.#readHistory(`server-${this.#serverId}`)
    return state.configs.find(({ config }) => configHash(config, this.#options.hash) === sha256)?.config
  }

  async #load() {
    return (await this.#options.log.load(`server-${this.#serverId}`)).events
  }

  #unsupervised(): HostUnreachable {
    return new HostUnreachable({ hostId: this.#serverId, rule: 'refused', says: 'this instance does not supervise the servers' })
  }
}

function registered(state: Server): RegisteredServer {
  if (state.situation === 'registered') return state
  throw new ServiceRefused({ code: 'server-not-registered', says: `the server is ${state.situation}` })
}

const text = (exitCode: number, stdout: string, stderr = ''): Output => ({
  kind: 'text',
  exitCode,
  stdout,
  stderr: protect(stderr, 1_000).text,
})

const unknownConfiguration = (sha256: string): Output => text(1, '', `the server has never had the configuration ${sha256.slice(0, 12)}`)
