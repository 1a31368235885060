/** One HTTP exchange as the gateway sees it. The surface that turns it into bytes is another file; tests need none. */

export type Inbound = Readonly<{
  server: string
  /** Who calls. Sessions and streams are bound to it. */
  principal: string
  verb: 'POST' | 'GET' | 'DELETE'
  header(name: string): string | undefined
  body: string
}>

export interface Reply {
  json(status: number, text: string, headers?: Readonly<Record<string, string>>): void
  empty(status: number, headers?: Readonly<Record<string, string>>): void
  events(headers?: Readonly<Record<string, string>>): EventSink
  /** The other side has gone, or everything is sent. */
  readonly over: boolean
  /** Called once when the other side goes before the end. */
  onGone(callback: () => void): void
}

export interface EventSink {
  /** One event of one line. Returns false when it was cut because nobody reads. */
  event(data: string, id?: string): boolean
  /** Keeps what lies between from closing an idle connection. */
  comment(): void
  end(): void
}
