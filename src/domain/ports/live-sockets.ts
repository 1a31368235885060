/** Connections that carry text both ways for as long as both want. Each is one peer; what is said on it is the business of who took it. */

export interface LiveSocket {
  /** Queues text. Never waits: `bufferedBytes` tells whether the peer takes it. */
  send(text: string): void
  /** What was sent and not yet taken by the network. */
  readonly bufferedBytes: number
  /** Says goodbye with a code of RFC 6455, section 7.4 (own ones from 4000), and ends at the latest a few seconds later. */
  close(code: number, reason: string): void
  /** Ends it without a word: the peer is gone. */
  cut(): void
  /** Asks for a sign of life. */
  ping(): void
}

/** What the peer does. `ended` is the last call, and comes once, whoever ended it. */
export type SocketListener = Readonly<{
  said: (text: string) => void
  /** Answered a ping. */
  alive: () => void
  ended: () => void
}>

/** A peer that asks to be let in. Nothing was answered yet. */
export type UpgradeRequest = Readonly<{
  /** Path and query, as it was sent. */
  target: string
  /** Names in small letters. */
  header: (name: string) => string | undefined
  /** Of the other end of the socket; 'unknown' when it has none. */
  address: string
}>

export type Admission =
  | Readonly<{ kind: 'admitted'; subprotocol: string | undefined; open: (socket: LiveSocket) => SocketListener }>
  | Readonly<{ kind: 'refused'; status: number; headers: Readonly<Record<string, string>>; body: string }>

export type Admit = (request: UpgradeRequest) => Promise<Admission>
