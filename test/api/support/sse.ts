/** Reads server-sent events one by one, as an EventSource would. */
export type ServerSentEvent = Readonly<{ id?: string; event?: string; data?: string; comment?: string; retry?: string }>

export async function* serverSentEvents(response: Response): AsyncGenerator<ServerSentEvent> {
  if (response.body === null) return
  let text = ''
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      yield parse(text.slice(0, end))
      text = text.slice(end + 2)
    }
  }
}

const parse = (frame: string): ServerSentEvent =>
  Object.fromEntries(frame.split('\n').map((line) => (line.startsWith(':') ? ['comment', line.slice(1).trim()] : line.split(/: (.*)/s, 2))))

/** The next event that carries data. */
export async function nextEvent(feed: AsyncIterator<ServerSentEvent>): Promise<ServerSentEvent> {
  for (;;) {
    const { value, done } = await feed.next()
    if (done) throw new Error('the feed ended')
    if (value.data !== undefined) return value
  }
}
