/**
 * One client of the live connection:
 *
 *   silent      -> has subscribed to nothing yet                                -> catching up, live
 *   catching up -> reads the log behind the place that it came with             -> live
 *   live        -> is given what the hub hears
 *   ended
 *
 * What it is sent is bounded: one that takes less than it is sent is let go with a code, and can come back to the same place.
 */
import { unreachable } from '../../domain/decider.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import { type EventStore, type Position, UnknownPosition } from '../../domain/ports/event-store.ts'
import type { LiveSocket, SocketListener } from '../../domain/ports/live-sockets.ts'
import type { Permission } from '../permissions.ts'
import { type Channel, closeCodes, permissionOf } from './channels.ts'
import { type Frame, framesOf, frameText, type Place, placeText } from './frames.ts'
import type { MessageSource } from './message-source.ts'
import { type LiveRequest, readRequest } from './requests.ts'

export type LiveLimits = Readonly<{
  /** What may wait for a client that is live; more, and it is let go. */
  maxBufferedBytes: number
  /** What may wait for a client that catches up before reading stops for it. */
  catchUpBytes: number
  /** A client that takes nothing for so long while it catches up is let go. */
  stallMs: number
  /** What a client may say in ten seconds. */
  maxRequests: number
}>

export type LiveSessionOptions = Readonly<{
  socket: LiveSocket
  keyId: string
  may: (permission: Permission) => boolean
  /** Where the hub stands: everything up to there was given to those who are live. */
  hubPosition: () => Position
  events: Pick<EventStore, 'readAll'>
  /** A memory of its own, for the past. */
  pastMessages: () => MessageSource
  clock: Clock
  limits: LiveLimits
  onEnded: () => void
  onTooSlow: () => void
  onBroken: (error: unknown) => void
}>

export interface LiveSession extends SocketListener {
  readonly keyId: string
  /** What one event tells, unless the client has it already. */
  give(frames: readonly Frame[], position: Position): void
  /** Nothing more is to be told up to here. */
  pass(position: Position): void
  /** Asks for a sign of life; cuts when the last one was not answered. */
  beat(): void
  close(code: number, reason: string): void
}

const PAGE_EVENTS = 500
const LOOK_AGAIN_MS = 20
const REQUESTS_WITHIN_MS = 10_000

export function createLiveSession(options: LiveSessionOptions): LiveSession {
  const { socket, keyId, may, hubPosition, events, clock, limits, onEnded, onTooSlow } = options
  const subscribed = new Set<Channel>()
  let phase: 'silent' | 'catching-up' | 'live' | 'ended' = 'silent'
  let place: Place = { position: hubPosition(), parts: 0 }
  let seq = 0
  let isAlive = true
  let said = 0
  let countedFrom = Date.parse(clock.now())
  const ended = new AbortController()

  const session: LiveSession = {
    keyId,
    give(frames, position) {
      if (phase === 'live') take(frames, position)
    },
    pass(position) {
      if (phase === 'live' && position > place.position) place = { position, parts: 0 }
    },
    beat() {
      if (!isAlive) return socket.cut()
      isAlive = false
      socket.ping()
      // Moves the place of a client on whose channels seldom anything happens, so that it does not come back from far behind.
      if (phase === 'live') tell('heartbeat', {})
    },
    close(code, reason) {
      if (phase === 'ended') return
      socket.close(code, reason)
      end()
    },
    said(text) {
      isAlive = true
      if (phase === 'ended') return
      const read = isTooMuch() ? undefined : readRequest(text)
      if (read === undefined) session.close(closeCodes.tooTalkative, 'too many messages')
      else if ('broken' in read) tell('error', { code: 'VALIDATION_FAILED', message: read.broken })
      else obey(read.request)
    },
    alive() {
      isAlive = true
    },
    ended: end,
  }
  return session

  function end(): void {
    if (phase === 'ended') return
    phase = 'ended'
    ended.abort(new Error('the connection has ended'))
    onEnded()
  }

  function obey(request: LiveRequest): void {
    switch (request.type) {
      case 'ping':
        tell('pong', {})
        break
      case 'unsubscribe':
        for (const channel of request.channels) subscribed.delete(channel)
        tell('unsubscribed', { channels: [...subscribed] })
        break
      case 'subscribe': {
        const { channels, resume_from: resume } = request
        const refusal = whyNot(channels, resume)
        if (refusal) tell('error', refusal)
        else subscribe(channels, resume)
        break
      }
      default:
        unreachable(request)
    }
  }

  function whyNot(channels: readonly Channel[], resume: Place | undefined): Readonly<Record<string, unknown>> | undefined {
    const forbidden = channels.filter((channel) => !may(permissionOf[channel]))
    if (forbidden.length > 0) return { code: 'FORBIDDEN', message: 'The role of this key does not allow it.', channels: forbidden }
    if (resume === undefined || phase === 'silent') return undefined
    return { code: 'ALREADY_SUBSCRIBED', message: 'resume_from goes with the first subscription of a connection.' }
  }

  function subscribe(channels: readonly Channel[], resume: Place | undefined): void {
    for (const channel of channels) subscribed.add(channel)
    if (phase === 'silent') {
      place = resume ?? { position: hubPosition(), parts: 0 }
      phase = resume === undefined ? 'live' : 'catching-up'
      tell('subscribed', { channels: [...subscribed] })
      if (resume !== undefined) catchUp().catch(failed)
    } else tell('subscribed', { channels: [...subscribed] })
  }

  function failed(error: unknown): void {
    if (phase === 'ended') return
    if (error instanceof UnknownPosition) session.close(closeCodes.unknownPosition, 'resume_from is no position of this log')
    else {
      options.onBroken(error)
      session.close(closeCodes.broken, 'something went wrong here')
    }
  }

  /** Until nothing lies between the place and the hub; from there on the hub gives, and both in one turn, so that nothing falls between them. */
  async function catchUp(): Promise<void> {
    const messages = options.pastMessages()
    const { signal } = ended
    do {
      const reached = hubPosition()
      const { position } = place
      let read = 0
      for await (const item of events.readAll({ ...(position > 0n ? { after: position } : {}), limit: PAGE_EVENTS, signal })) {
        if (isEnded()) return
        if ('checkpoint' in item) continue
        read += 1
        const before = place.position
        take(framesOf(await messages.of(item), item.position, before), item.position)
        await room()
      }
      // The log was read to its end, and that was behind the hub already.
      if (read < PAGE_EVENTS && !isEnded()) moveTo(reached)
    } while (!isEnded() && place.position < hubPosition())
    if (!isEnded()) phase = 'live'
  }

  function isEnded(): boolean {
    return phase === 'ended'
  }

  function moveTo(position: Position): void {
    if (position > place.position) place = { position, parts: 0 }
  }

  function take(frames: readonly Frame[], position: Position): void {
    if (position <= place.position) return
    const { parts } = place
    for (const frame of frames.slice(parts)) {
      if (isEnded()) return
      if (subscribed.has(frame.channel)) send(frameText(frame, ++seq, may))
    }
    place = { position, parts: 0 }
  }

  function tell(type: string, more: Readonly<Record<string, unknown>>): void {
    const { position } = place
    send(JSON.stringify({ type, seq: ++seq, position: String(position), resume: placeText(place), ...more }))
  }

  /** Looked at before, not after: one message that is larger than all that may wait must not end a client that takes everything. */
  function send(text: string): void {
    if (phase === 'ended') return
    if (socket.bufferedBytes > limits.maxBufferedBytes) tooSlow()
    else socket.send(text)
  }

  function tooSlow(): void {
    onTooSlow()
    session.close(closeCodes.tooSlow, 'too slow')
  }

  /** Waits while the client has enough to take. */
  async function room(): Promise<void> {
    const fullSince = Date.parse(clock.now())
    while (!isEnded() && socket.bufferedBytes > limits.catchUpBytes) {
      if (Date.parse(clock.now()) - fullSince > limits.stallMs) return tooSlow()
      await clock.sleep(LOOK_AGAIN_MS, ended.signal).catch(() => undefined)
    }
  }

  function isTooMuch(): boolean {
    const now = Date.parse(clock.now())
    if (now - countedFrom > REQUESTS_WITHIN_MS) [countedFrom, said] = [now, 0]
    return ++said > limits.maxRequests
  }
}
