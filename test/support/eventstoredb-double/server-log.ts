/**
 * The log of the double: records at byte offsets, streams over them, and the server's own rules for expectations and repeats. It outlives the
 * listening server, so a restart in a test keeps every acknowledged event.
 */

export type Proposed = Readonly<{ eventId: string; type: string; contentType: string; data: Uint8Array; metadata: Uint8Array }>

export type LogRecord = Proposed & Readonly<{ position: bigint; stream: string; revision: bigint; created: bigint }>

export type Expected = bigint | 'any' | 'no-stream' | 'stream-exists'

export type AppendAnswer =
  | Readonly<{ kind: 'success'; revision: bigint | undefined; position: bigint | undefined }>
  | Readonly<{ kind: 'wrong-expected-version'; actual: bigint | undefined }>

/** Bytes of a record besides its names and contents. The figure only has to make holes of changing size. */
const RECORD_OVERHEAD_BYTES = 97n

const TICKS_PER_MILLISECOND = 10_000n

type Stream = { records: LogRecord[]; deletedBefore: bigint }

export class ServerLog {
  readonly all: LogRecord[] = []
  readonly #streams = new Map<string, Stream>()
  readonly #places = new Map<bigint, number>()
  readonly #stored = new Map<string, LogRecord>()
  readonly #waiting = new Set<() => void>()
  #end = 0n

  constructor() {
    // A real server is never empty.
    this.#write('$epoch-information', [systemEvent('$epoch-information')])
    this.#write('$users', [systemEvent('$user'), systemEvent('$user')])
  }

  append(stream: string, expected: Expected, events: readonly Proposed[]): AppendAnswer {
    const records = this.#streams.get(stream)?.records ?? []
    const last = records.at(-1)
    const current = last?.revision ?? -1n
    const wrong: AppendAnswer = { kind: 'wrong-expected-version', actual: last?.revision }

    if (expected === 'any' || expected === 'stream-exists') {
      if (expected === 'stream-exists' && !last) return wrong
      const stored = events.map(({ eventId }) => this.#stored.get(`${eventId} ${stream}`))
      if (stored[0] === undefined) return this.#success(this.#write(stream, events), last)
      return stored.includes(undefined) ? wrong : this.#success(stored.at(-1), last)
    }

    const after = expected === 'no-stream' ? -1n : expected
    if (after > current) return wrong
    if (after === current) return this.#success(this.#write(stream, events), last)
    // The stream has moved on. The same ids at the same places are a repeat; anything else is not.
    for (const [index, { eventId }] of events.entries()) {
      if (records[Number(after) + 1 + index]?.eventId === eventId) continue
      if (index === 0 && expected === 'no-stream' && this.isSoftDeleted(stream)) return this.#success(this.#write(stream, events), last)
      return wrong
    }
    return this.#success(records[Number(after) + events.length], last)
  }

  /** What a reader sees of a stream: undefined when it does not exist or was deleted. */
  stream(name: string): readonly LogRecord[] | undefined {
    const stream = this.#streams.get(name)
    if (!stream || this.isSoftDeleted(name)) return undefined
    return stream.deletedBefore === 0n ? stream.records : stream.records.filter(({ revision }) => revision >= stream.deletedBefore)
  }

  isSoftDeleted(name: string): boolean {
    const stream = this.#streams.get(name)
    return stream !== undefined && (stream.records.at(-1)?.revision ?? -1n) < stream.deletedBefore
  }

  softDelete(name: string): bigint {
    const stream = this.#streams.get(name)
    if (stream) stream.deletedBefore = BigInt(stream.records.length)
    return this.#write(`$$${name}`, [systemEvent('$metadata')])?.position ?? 0n
  }

  /** The index of the record at a position, or of the first behind the end. Undefined: between two records. */
  indexAt(position: bigint): number | undefined {
    return position >= this.#end ? this.all.length : this.#places.get(position)
  }

  /** Resolves when the log is longer than `length`, or the signal aborts. */
  grown(length: number, signal: AbortSignal): Promise<void> {
    if (this.all.length > length || signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      this.#waiting.add(wake)
      signal.addEventListener('abort', wake, { once: true })
    })
  }

  #write(name: string, events: readonly Proposed[]): LogRecord | undefined {
    const stream = this.#streams.get(name) ?? { records: [], deletedBefore: 0n }
    this.#streams.set(name, stream)
    const created = BigInt(Date.now()) * TICKS_PER_MILLISECOND
    let last: LogRecord | undefined
    for (const event of events) {
      last = { ...event, position: this.#end, stream: name, revision: BigInt(stream.records.length), created }
      this.#places.set(last.position, this.all.length)
      this.all.push(last)
      stream.records.push(last)
      this.#stored.set(`${event.eventId} ${name}`, last)
      this.#end += RECORD_OVERHEAD_BYTES + BigInt(Buffer.byteLength(name) + event.type.length + event.data.length + event.metadata.length)
    }
    for (const wake of [...this.#waiting]) wake()
    return last
  }

  #success(written: LogRecord | undefined, last: LogRecord | undefined): AppendAnswer {
    return { kind: 'success', revision: written?.revision ?? last?.revision, position: written?.position }
  }
}

const systemEvent = (type: string): Proposed => ({
  eventId: crypto.randomUUID(),
  type,
  contentType: 'application/json',
  data: Buffer.from('{}'),
  metadata: new Uint8Array(),
})
