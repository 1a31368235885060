/**
 * Messages as they go over a connection, and the places between them. `resume` names the place behind a message: `4711` is behind everything of
 * position 4711, `4711+2` is behind the first two messages of the event that comes after 4711. From there nothing is lost and nothing comes twice.
 */
import type { Position } from '../../domain/ports/event-store.ts'
import type { Permission } from '../permissions.ts'
import type { May } from '../veil.ts'
import type { Channel } from './channels.ts'
import type { LiveMessage } from './messages.ts'

/** All but the number, which each connection counts for itself. `whole`: the tail for those who may see all of it. */
export type Frame = Readonly<{
  channel: Channel
  head: string
  tail: string
  whole?: Readonly<{ permission: Permission; tail: string }>
}>

export const framesOf = (messages: readonly LiveMessage[], position: Position, before: Position): readonly Frame[] =>
  messages.map(({ channel, type, data, whole }, index) => {
    const resume = index === messages.length - 1 ? { position, parts: 0 } : { position: before, parts: index + 1 }
    const place = `"position":"${position}","resume":"${placeText(resume)}"`
    const tailOf = (told: LiveMessage['data']): string => `,${place},"data":${JSON.stringify(told)}}`
    const frame = { channel, head: `{"type":"${type}","channel":"${channel}","seq":`, tail: tailOf(data) }
    return whole === undefined ? frame : { ...frame, whole: { permission: whole.permission, tail: tailOf(whole.data) } }
  })

export const frameText = ({ head, tail, whole }: Frame, seq: number, may: May): string =>
  `${head}${seq}${whole !== undefined && may(whole.permission) ? whole.tail : tail}`

/** Behind everything up to `position`, and behind the first `parts` messages of the next event. */
export type Place = Readonly<{ position: Position; parts: number }>

export const placeText = ({ position, parts }: Place): string => (parts === 0 ? String(position) : `${position}+${parts}`)

const PLACE = /^(\d{1,19})(?:\+(\d{1,2}))?$/

export function parsePlace(text: string): Place | undefined {
  const [, position, parts = '0'] = PLACE.exec(text) ?? []
  return position === undefined ? undefined : { position: BigInt(position), parts: Number(parts) }
}
