/**
 * Speaking MCP. A link is one open line to a server; a session is what was agreed on over it; a directory is what the gateway has to know of the
 * managed servers before it lets a caller through.
 */
import type { Message, RequestId } from '../mcp/message.ts'
import type { ClientIdentity, Negotiation } from '../mcp/negotiation.ts'
import type { Era } from '../mcp/versions.ts'
import type { Unreachable } from '../outbound/reach.ts'
import type { ToolDefinition } from '../server/tool.ts'
import type { Json, JsonObject } from './json.ts'

/** One open line. Messages arrive in the order in which they were sent, each once. */
export interface McpLink {
  readonly kind: 'stdio' | 'http'
  /** One listener, from the beginning; nothing arrives before. */
  listen(listener: LinkListener): void
  /**
   * Sends one message. Resolves when the line takes more.
   * @throws LinkEnded the line is closed.
   */
  send(message: Message, about?: Outgoing): Promise<void>
  /** Nobody waits for the answer to this request any more. Returns whether the server is told by that alone. */
  abandon(id: RequestId): boolean
  /** From now on this is spoken. */
  agreed(negotiation: Negotiation): void
  /** Settles once, with the reason. */
  readonly ended: Promise<LinkEnd>
  close(): Promise<void>
}

export type LinkListener = Readonly<{
  /** `about`: the request on whose own stream it came, where the line has such streams. */
  message(message: Message, about: RequestId | undefined): void
  /** The request will get no answer. */
  lost(id: RequestId, loss: RequestLoss): void
  /** Something that is no message; the line goes on. */
  noise(kind: NoiseKind, excerpt: string): void
}>

export type Outgoing = Readonly<{
  /** The id under which a request stands in the text, where that is not the one of its value. */
  id?: number
  /** Values that the tool's definition wants mirrored into headers. */
  headers?: Readonly<Record<string, string>>
}>

/** It may not be connected to. */
export type UnreachableRule = Unreachable['rule']

export type RequestLoss = Readonly<{
  rule:
    | 'link-ended'
    | 'server-not-reading'
    | 'unreachable'
    | UnreachableRule
    | 'http-status'
    | 'session-lost'
    | 'unreadable-answer'
    | 'too-large'
    | 'no-answer'
  says: string
  /** Whether the server surely has not seen it. */
  unseen: boolean
  status?: number
}>

export type LinkEnd = Readonly<{ reason: 'asked' | 'exited' | 'output-closed' | 'output-too-large' | 'unreachable'; says: string }>

export class LinkEnded extends Error {
  override readonly name = 'LinkEnded'
  readonly end: LinkEnd
  /** Nothing of the message can have reached the server. */
  readonly unsent: boolean
  constructor(end: LinkEnd, { unsent }: { unsent: boolean } = { unsent: true }) {
    super(end.says)
    this.end = end
    this.unsent = unsent
  }
}

/** What came and could not be used. Each is counted by name; none disturbs what else is under way. */
export const noiseKinds = [
  'not-json',
  'too-deep',
  'batch',
  'not-json-rpc',
  'unknown-answer',
  'duplicate-answer',
  'late-answer',
  'answer-to-cancelled',
  'progress-for-nobody',
  'notification-for-nobody',
  'unattributable-notification',
  'log-not-asked-for',
] as const
export type NoiseKind = (typeof noiseKinds)[number]

/** An agreed line, shared by whoever has something to ask. */
/** `idle` resolves when no caller's call is under way; a subscription has no end of its own and does not count. */
export type Quiescence = Readonly<{ idle: Promise<void> }> & Disposable

export interface McpSession {
  readonly negotiated: Negotiation
  readonly ended: Promise<LinkEnd>
  readonly open: boolean
  /** Whether a call of somebody is under way. */
  busy(): boolean
  /** Takes no new callers until it is disposed of: `open` is false. What is under way goes on. */
  quiesce(): Quiescence
  /** Passes a caller's request on under an id of ours. Everything about it comes to the sink; `settled` is the last. */
  forward(message: Message, sink: CallSink, options: ForwardOptions): ForwardedCall
  /**
   * Asks something in our own name.
   * @throws McpRequestFailed
   */
  request(method: string, params: JsonObject, options: RequestOptions): Promise<JsonObject>
  /** A notification, or the answer to a request of the server. */
  tell(message: Message): void
  /** Hears what the server says without being asked. Returns how to stop. */
  hear(listener: SessionListener): () => void
  /** How often something came that could not be used. */
  noise(): Readonly<Partial<Record<NoiseKind, number>>>
  close(): Promise<void>
}

export type RequestOptions = Readonly<{ timeoutMs: number; signal?: AbortSignal; onProgress?: (params: JsonObject) => void }>

export type ForwardOptions = RequestOptions &
  Outgoing &
  Readonly<{
    /** The log level that the request asks for, in the stateless era. Undefined: it wants none. */
    wantsLog?: boolean
  }>

/** The receiving end of one forwarded request. */
export type CallSink = Readonly<{
  /** Progress, under the caller's own token; a log line; a change of what was subscribed to. */
  notified(message: Message): void
  /** The server asks something of the caller. `answer` may be called once, with a result or an error under any id. */
  asked(request: Message, answer: (message: Message) => void): void
  settled(settlement: Settlement): void
}>

export type Settlement =
  /** A result or an error, still under our id: see `readdressAnswer`. */
  | Readonly<{ kind: 'answered'; message: Message }>
  | Readonly<{ kind: 'timed-out'; afterMs: number }>
  | Readonly<{ kind: 'lost'; loss: RequestLoss }>

export interface ForwardedCall {
  readonly id: number
  /** The server is told; the sink hears nothing more. */
  cancel(reason: string): void
}

export type SessionListener = Readonly<{
  /** A notification that belongs to no single request: of changed lists and resources; on an exclusive line, any. */
  notified(message: Message): void
  /** A request of the server that belongs to no single live call. Returns whether it was taken; otherwise it is refused by name. */
  asked?(request: Message, why: Unattributed): boolean
}>
export type Unattributed = 'no-live-call' | 'several-live-calls'

export class McpRequestFailed extends Error {
  override readonly name = 'McpRequestFailed'
  readonly rule: 'refused-by-server' | 'timed-out' | 'aborted' | RequestLoss['rule']
  /** Of the server's error, where it answered with one. */
  readonly code: number | undefined
  readonly data: Json | undefined
  constructor(facts: { rule: McpRequestFailed['rule']; says: string; code?: number; data?: Json }) {
    super(facts.says)
    this.rule = facts.rule
    this.code = facts.code
    this.data = facts.data
  }
}

export class HandshakeFailed extends Error {
  override readonly name = 'HandshakeFailed'
  readonly rule: 'handshake-refused' | 'not-mcp' | 'start-timeout' | 'unreachable' | UnreachableRule | 'exited' | 'aborted'
  /** A server of the older era that died of being asked which era it is of: start it again with this. */
  readonly tryNext: Prior | undefined
  constructor(facts: { rule: HandshakeFailed['rule']; says: string; tryNext?: Prior; cause?: unknown }) {
    super(facts.says, { cause: facts.cause })
    this.rule = facts.rule
    this.tryNext = facts.tryNext
  }
}

/** What is known of a server from its last life, so that nothing has to be tried out. */
export type Prior = Readonly<{ era: Era; version: string }>

export interface McpSessions {
  /**
   * Agrees with the server at the other end of a link. The era is taken from `prior`, else found out on this same line: nothing is started twice.
   * @throws HandshakeFailed; the link is left open, its owner closes it.
   */
  negotiate(link: McpLink, options: NegotiateOptions): Promise<McpSession>
  /** @throws McpRequestFailed */
  listTools(session: McpSession, options: ListOptions): Promise<ToolListing>
  /** Whether it still answers, in its protocol. Milliseconds. @throws McpRequestFailed */
  probe(session: McpSession, options: RequestOptions): Promise<number>
}

export type NegotiateOptions = Readonly<{
  identity: ClientIdentity
  timeoutMs: number
  prior?: Prior
  /** One client alone has this line, so whatever the server says on it is meant for that client. Default: shared. */
  exclusive?: boolean
  signal?: AbortSignal
  onNoise?: (kind: NoiseKind, excerpt: string) => void
}>

export type ListOptions = RequestOptions & Readonly<{ maxTools?: number; maxBytes?: number; maxPages?: number }>

export type ToolListing = Readonly<{
  tools: readonly ToolDefinition[]
  /** Definitions that cannot be served, and why. */
  invalid: readonly Readonly<{ name: string; says: string }>[]
}>

// --- What the gateway asks of the supervisor ---

export interface McpDirectory {
  /** By its name in the path. Synchronous: it stands on the way of every call. */
  find(name: string): GatewayServer | undefined
}

export interface GatewayServer {
  readonly serverId: string
  readonly name: string
  /** Why it cannot be used now; undefined: it can, or will be ready within the time-out of a call. */
  readonly unusable: Readonly<{ rule: string; says: string }> | undefined
  readonly isolation: 'shared' | 'session'
  readonly maxSessions: number
  readonly sessionIdleMs: number
  readonly callTimeoutMs: number
  readonly negotiated: Negotiation | undefined
  /** Approved definitions only. The same array for as long as nothing changes. */
  tools(): readonly ToolDefinition[]
  /** Why `tools` is empty, when it is. */
  whyNoTools(): string | undefined
  /** What it tells every model about itself, as approved: never what it says now and nobody has read. */
  instructions(): string | undefined
  /** The check of one call: state of the tool, permission, breaker, arguments. */
  callable(tool: string, args: JsonObject): CallVerdict
  /** The line that all share; waits for a start or restart under way. @throws GatewayRefusal */
  shared(signal: AbortSignal): Promise<McpSession>
  /**
   * A line of its own for one client: a child, or a connection. The gateway closes it. `label` names it in logs and files; it is no id that a
   * client has, so that nobody learns one there.
   * @throws GatewayRefusal
   */
  own(label: string, signal: AbortSignal): Promise<McpLink>
}

export type CallVerdict =
  | Readonly<{ kind: 'ok'; timeoutMs: number; retrySafe: boolean }>
  /** `as` result: a model may read it and do better; error: its program must. */
  | Readonly<{ kind: 'refused'; rule: string; says: string; as: 'result' | 'error' }>
  /** The caller gets a marked, empty result. */
  | Readonly<{ kind: 'bypassed'; rule: string; says: string }>

export class GatewayRefusal extends Error {
  override readonly name = 'GatewayRefusal'
  readonly rule: string
  constructor(rule: string, says: string) {
    super(says)
    this.rule = rule
  }
}

/** A call of a tool by somebody who speaks no MCP. */
export type PlainCall = Readonly<{
  server: string
  tool: string
  arguments: JsonObject
  principal: string
  signal: AbortSignal
  /** So long the caller waits, whatever the server has not even begun with by then. Default, and longest: the time-out of the server. */
  timeoutMs?: number
}>

/** What the tool gave, also when it says that it failed; or why there is nothing, by its rule. */
export type PlainAnswer = Readonly<{ kind: 'result'; result: JsonObject }> | Readonly<{ kind: 'error'; rule: string; says: string }>

/** One call through the gateway, when it is over. Taking it must not wait for anything. */
export type GatewayUsage = Readonly<{
  serverId: string
  tool: string
  principal: string
  sessionId: string | undefined
  conversation: string | undefined
  startedAtMs: number
  durationMs: number
  outcome: 'ok' | 'tool-error' | 'error' | 'timed-out' | 'lost' | 'cancelled' | 'refused' | 'bypassed'
  /** Of a refusal, a loss, or the server's error code. */
  rule: string | undefined
  requestBytes: number
  responseBytes: number
  arguments: JsonObject
}>
