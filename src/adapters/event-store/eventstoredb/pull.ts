/**
 * Reads a stream of the client with `for await` only: a `data` listener would have no back-pressure. No read can hang: one that is silent too long
 * fails; a subscription is endless and may be silent for ever, so its silence is told instead, for the reader to look at the head.
 */
import { Readable } from 'node:stream'
import type { EventStoreDBClient } from '@eventstore/db-client'
import { isBroken, NoAnswer } from './failures.ts'
import { Released, Silence } from './log-items.ts'
import type { Session } from './session.ts'
import { put, type Source } from './source.ts'

/** How long one page of a read, or the head, may keep silent. */
const ANSWER_DEADLINE_MS = 5_000

/** How often a read looks whether somebody still wants its events, and whether any come; so long is one silence. */
export const TICK_MS = 100

/** A reader that takes nothing for two ticks gives its stream back; what was buffered for it is free, and it reads again from where it is. */
const IDLE_TICKS = 2

const BATCH_LIMIT_EVENTS = 64

/** A stream of the client, and how to end its call: walking away from the stream leaves the call open on the server. */
export type Opened<Item> = Readonly<{ source: Source; items: AsyncIterable<Item>; cancel: () => Promise<void> }>

export async function* pull<Item>(
  session: Session,
  open: (client: EventStoreDBClient) => Opened<Item>,
  { signal, endless = false }: { signal: AbortSignal | undefined; endless?: boolean },
): AsyncGenerator<readonly (Item | Silence | Released)[]> {
  signal?.throwIfAborted()
  const { source, items, cancel } = open(session.client)
  session.readers.add(source)
  // The client emits errors without destroying; one that comes before the loop below listens would be lost.
  source.on('error', (error) => source.destroy(error instanceof Error ? error : new Error(String(error))))
  // A call that nobody reads to its end never ends for the client, which would keep it and what it buffers for ever.
  source.on('unpipe', (call) => void (call instanceof Readable && call.resume()))
  const onAbort = (): void => void source.destroy(new Error('aborted'))
  signal?.addEventListener('abort', onAbort, { once: true })

  let waiting = true
  let idleTicks = 0
  let released = false
  const tick = setInterval(() => {
    idleTicks += 1
    if (waiting && idleTicks * TICK_MS >= ANSWER_DEADLINE_MS && !endless) source.destroy(new NoAnswer(ANSWER_DEADLINE_MS))
    else if (waiting && endless) put(source, new Silence())
    else if (!waiting && idleTicks >= IDLE_TICKS && !released) {
      released = true
      source.destroy()
      void cancel().catch(() => undefined)
    }
  }, TICK_MS)
  tick.unref()
  try {
    let batch: (Item | Silence)[] = []
    for await (const item of items) {
      batch.push(item)
      // What has come already goes on as one: each layer above then waits once for many events. It saves a fifth of a rebuild.
      if (source.readableLength > 0 && batch.length < BATCH_LIMIT_EVENTS) continue
      if (batch.some((each) => !(each instanceof Silence))) {
        session.heard += 1
        idleTicks = 0
      }
      waiting = false
      yield batch
      waiting = true
      if (released) break
      batch = []
    }
    if (released) yield [new Released()]
  } catch (error) {
    if (released) {
      yield [new Released()]
      return
    }
    signal?.throwIfAborted()
    if (isBroken(error)) void session.retire(error)
    throw error
  } finally {
    clearInterval(tick)
    signal?.removeEventListener('abort', onAbort)
    session.readers.delete(source)
    source.destroy()
    void cancel().catch(() => undefined)
  }
}
