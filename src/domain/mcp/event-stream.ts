/** Reads a stream of server-sent events piece by piece, within a bound: whoever sends an endless line fills nothing but that bound. */

export type ServerSentEvent = Readonly<{ id: string | undefined; event: string; data: string }>

export interface EventStreamReader {
  /** Returns false when an event is longer than it may be; nothing is read after that. */
  push(text: string): boolean
  /** As the server last asked for. */
  readonly retryMs: number | undefined
}

export function createEventStreamReader(onEvent: (event: ServerSentEvent) => void, maxChars: number): EventStreamReader {
  let rest = ''
  let data: string[] = []
  let size = 0
  let event = ''
  let id: string | undefined
  let retryMs: number | undefined
  let started = false

  function line(text: string): void {
    if (text === '') {
      if (data.length > 0 || id !== undefined) onEvent({ id, event: event === '' ? 'message' : event, data: data.join('\n') })
      data = []
      size = 0
      event = ''
      id = undefined
      return
    }
    const colon = text.indexOf(':')
    if (colon === 0) return
    const field = colon === -1 ? text : text.slice(0, colon)
    const value = colon === -1 ? '' : text.slice(text.charCodeAt(colon + 1) === 0x20 ? colon + 2 : colon + 1)
    switch (field) {
      case 'data':
        data.push(value)
        size += value.length
        break
      case 'event':
        event = value
        break
      case 'id':
        if (!value.includes('\0')) id = value
        break
      case 'retry':
        if (/^\d{1,9}$/.test(value)) retryMs = Number(value)
        break
      default:
    }
  }

  return {
    push(text) {
      rest += started || !text.startsWith('\uFEFF') ? text : text.slice(1)
      started = true
      let from = 0
      for (;;) {
        const end = nextBreak(rest, from)
        if (end === -1) break
        // The second half of a break may still be on its way.
        if (rest[end] === '\r' && end === rest.length - 1) break
        line(rest.slice(from, end))
        from = rest[end] === '\r' && rest[end + 1] === '\n' ? end + 2 : end + 1
      }
      rest = rest.slice(from)
      return rest.length + size <= maxChars
    },
    get retryMs() {
      return retryMs
    },
  }
}

function nextBreak(text: string, from: number): number {
  const feed = text.indexOf('\n', from)
  const carriage = text.indexOf('\r', from)
  if (feed === -1) return carriage
  return carriage === -1 ? feed : Math.min(feed, carriage)
}
