/**
 * What streams amounted to when they were last looked at. A stream never changes but at its end, so what was folded once stays true, and only
 * what came since is read: a stream that grows for years costs no more at every step than one that began today.
 */
import type { DomainEvent, Recorded } from '../domain/events.ts'
import { type Fold, isOwn } from '../domain/fold.ts'
import type { Codec } from '../domain/ports/codec.ts'
import type { EventStore, ExpectedRevision, Position, StreamName } from '../domain/ports/event-store.ts'

export type Folded<State> = Readonly<{
  state: State
  /** The last event that is in the state; undefined when the stream has none. */
  last: Readonly<{ revision: bigint; position: Position }> | undefined
  /** What to expect of the next append. */
  expected: ExpectedRevision
  /** False: no event in the state was caused by this command. True: look whether one was. */
  mayHold: (command: KnownCommand) => boolean
}>

/** `fresh`: its id was made a moment ago, for it alone; what is no longer remembered is older. */
export type KnownCommand = Readonly<{ commandId: string; fresh?: boolean }>

export type ReadFolded<State> = (stream: StreamName) => Promise<Folded<State>>

const MOST_STREAMS = 500
/** Of each stream, the newest. A server that is watched for years is told of by a new one each time. */
const MOST_COMMANDS = 500

/** A reader that remembers the streams it read last. */
export function createStreamMemory<State, Event extends DomainEvent>(
  { store, codec }: Readonly<{ store: Pick<EventStore, 'readStream'>; codec: Codec }>,
  { initialState, evolve }: Fold<State, Event>,
  { mostStreams = MOST_STREAMS, mostCommands = MOST_COMMANDS }: Readonly<{ mostStreams?: number; mostCommands?: number }> = {},
): ReadFolded<State> {
  /** The one that was used last stands last. */
  const remembered = new Map<StreamName, Remembered<State>>()

  return async (stream) => {
    const known = remembered.get(stream)
    // Shared by readers at the same time: one of them may know commands that another has not read yet, which costs a look and nothing else.
    const commands = known?.commands ?? createCommandMemory(mostCommands)
    let state = known?.state ?? initialState
    let last = known?.last
    for await (const item of store.readStream(stream, last === undefined ? {} : { from: last.revision + 1n })) {
      const event: Recorded = codec.decode(item)
      if (!isOwn<Event>(event)) continue
      state = evolve(state, event)
      if (event.metadata.commandId !== undefined) commands.add(event.metadata.commandId)
      last = { revision: event.revision, position: event.position }
    }
    if (last !== undefined) remember(stream, { state, last, commands })
    return { state, last, expected: last?.revision ?? 'no-stream', mayHold: commands.mayHold }
  }

  function remember(stream: StreamName, read: Remembered<State>): void {
    const other = remembered.get(stream)
    remembered.delete(stream)
    remembered.set(stream, other !== undefined && other.last.revision > read.last.revision ? other : read)
    if (remembered.size <= mostStreams) return
    const [oldest] = remembered.keys()
    if (oldest !== undefined) remembered.delete(oldest)
  }
}

type Remembered<State> = Readonly<{ state: State; last: NonNullable<Folded<State>['last']>; commands: CommandMemory }>

type CommandMemory = Readonly<{ add: (commandId: string) => void; mayHold: (command: KnownCommand) => boolean }>

function createCommandMemory(most: number): CommandMemory {
  /** The newest stands last. */
  const newest = new Set<string>()
  let hasForgotten = false
  return {
    add(commandId) {
      newest.add(commandId)
      if (newest.size <= most) return
      const [oldest] = newest
      if (oldest !== undefined) newest.delete(oldest)
      hasForgotten = true
    },
    mayHold: ({ commandId, fresh = false }) => newest.has(commandId) || (hasForgotten && !fresh),
  }
}
