/** Reads server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): the fields that Steward sends, nothing else. */
export type SentEvent = Readonly<{
  /** Where to go on behind a break. */
  id: string | undefined
  /** Undefined: only the place has moved. */
  data: string | undefined
}>

/** Longer than any event of the log, which holds 1 MB at most, escaped; a line without an end must not fill the memory. */
const MAX_PENDING = 8_000_000

export async function* readEventStream(body: ReadableStream<Uint8Array>): AsyncGenerator<SentEvent> {
  let pending = ''
  let id: string | undefined
  let told: string | undefined
  let data: string[] = []
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    pending += text
    if (pending.length > MAX_PENDING) throw new Error('the feed of events sent a line without an end')
    const lines = pending.split(/\r\n|\n|\r(?!$)/)
    pending = lines.pop() ?? ''
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0 || id !== told) yield { id, data: data.length > 0 ? data.join('\n') : undefined }
        told = id
        data = []
        continue
      }
      const [, field = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? []
      if (field === 'id') id = value
      if (field === 'data') data.push(value)
    }
  }
}
