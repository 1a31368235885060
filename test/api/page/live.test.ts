/** The live connection of the page: one at a time, whatever happens while it asks why it was refused. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openLive } from '../../../src/api/page/live.js'

/** What a browser has, as far as the connection needs it. */
class FakeSocket extends EventTarget {
  static readonly all: FakeSocket[] = []
  readonly sent: string[] = []
  constructor() {
    super()
    FakeSocket.all.push(this)
  }
  send(text: string): void {
    this.sent.push(text)
  }
  close(): void {}
  end(code: number): void {
    this.dispatchEvent(Object.assign(new Event('close'), { code }))
  }
}

const page = new EventTarget()

beforeEach(() => {
  vi.useFakeTimers()
  FakeSocket.all.length = 0
  vi.stubGlobal('WebSocket', FakeSocket)
  vi.stubGlobal('location', { href: 'http://127.0.0.1:8080/' })
  vi.stubGlobal('document', new EventTarget())
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page))
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page))
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

test('a connection that begins while the page asks why the last one was refused is not told as away', async () => {
  const why = Promise.withResolvers<string>()
  const states: string[] = []
  const live = openLive({
    ...{ key: 'sk_test', channels: ['servers'], onMessage: () => undefined, onUnknownKey: () => undefined },
    onState: ({ kind }: Readonly<{ kind: string }>) => void states.push(kind),
    whyRefused: () => why.promise,
  })
  FakeSocket.all[0]?.end(1006)
  page.dispatchEvent(new Event('online'))
  expect(FakeSocket.all).toHaveLength(2)
  why.resolve('Steward does not answer.')
  await vi.advanceTimersByTimeAsync(0)
  expect(states).not.toContain('away')
  // Nobody tries a third time beside it.
  await vi.advanceTimersByTimeAsync(30_000)
  expect(FakeSocket.all).toHaveLength(2)
  live.close()
})

test('one that was refused is told with the reason, and tried again', async () => {
  const states: object[] = []
  const live = openLive({
    ...{ key: 'sk_test', channels: ['servers'], onMessage: () => undefined, onUnknownKey: () => undefined },
    onState: (state: object) => void states.push(state),
    whyRefused: async () => 'This page has another address.',
  })
  FakeSocket.all[0]?.end(1006)
  await vi.advanceTimersByTimeAsync(0)
  expect(states.at(-1)).toMatchObject({ kind: 'away', says: 'This page has another address.' })
  await vi.advanceTimersByTimeAsync(1_000)
  expect(FakeSocket.all).toHaveLength(2)
  live.close()
})
