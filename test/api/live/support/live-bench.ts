/** The hub over a log in memory and its real feed, and sockets that keep what they were sent. */
import { onTestFinished } from 'vitest'
import { createLiveHub, defaultHubLimits, type Guest, type HubLimits } from '../../../../src/api/live/live-hub.ts'
import type { EventStore } from '../../../../src/domain/ports/event-store.ts'
import type { LiveSocket, SocketListener } from '../../../../src/domain/ports/live-sockets.ts'
import { createLiveFeed } from '../../../../src/projections/live-feed.ts'
import { createBench } from '../../../commands/support/bench.ts'
import { settled } from '../../../commands/support/hand-clock.ts'

export type Message = Readonly<{
  type: string
  channel?: string
  seq: number
  position: string
  resume: string
  data?: Readonly<Record<string, unknown>>
  channels?: readonly string[]
  code?: string
}>

export class FakeSocket implements LiveSocket {
  readonly sent: Message[] = []
  bufferedBytes = 0
  /** What each message adds to what waits. */
  stuffs = 0
  closed: { code: number; reason: string } | undefined
  wasCut = false
  pings = 0
  listener: SocketListener | undefined

  send(text: string): void {
    this.sent.push(JSON.parse(text))
    this.bufferedBytes += this.stuffs
  }
  close(code: number, reason: string): void {
    this.closed = { code, reason }
  }
  cut(): void {
    this.wasCut = true
    this.listener?.ended()
  }
  ping(): void {
    this.pings += 1
  }
  say(message: object | string): void {
    this.listener?.said(typeof message === 'string' ? message : JSON.stringify(message))
  }
  /** Those of channels, in short. */
  get told(): readonly string[] {
    return this.sent.flatMap(({ channel, type }) => (channel === undefined ? [] : [type]))
  }
  get last(): Message {
    const last = this.sent.at(-1)
    if (!last) throw new RangeError('nothing was sent')
    return last
  }
}

export function createLiveBench(limits: Partial<HubLimits> = {}) {
  const bench = createBench()
  const { store, codec, clock, logger, metrics } = bench
  let subscriptions = 0
  const counted: EventStore = {
    ...store,
    subscribe(options) {
      subscriptions += 1
      return store.subscribe(options)
    },
  }
  const feed = createLiveFeed({ eventStore: counted, codec, clock, logger })
  const hub = createLiveHub({ feed, events: counted, codec, clock, logger, metrics, limits: { ...defaultHubLimits, ...limits } })
  const stopping = new AbortController()
  const running = [feed.run(stopping.signal), hub.run(stopping.signal)]
  onTestFinished(async () => {
    stopping.abort(new Error('the test is over'))
    await Promise.all(running)
  })
  return {
    ...bench,
    hub,
    feed,
    subscriptions: () => subscriptions,
    async rest(): Promise<void> {
      for (let turn = 0; turn < 10; turn++) await settled()
    },
    /** A client with the key of a system administrator. */
    connect(guest: Partial<Guest> = {}): FakeSocket {
      const socket = new FakeSocket()
      socket.listener = hub.open(socket, { keyId: 'key-1', may: () => true, stillAllowed: async () => true, ...guest })
      return socket
    },
  }
}
