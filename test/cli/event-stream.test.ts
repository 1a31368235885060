/** What a feed sends, however it is cut into pieces on the way. */
import { expect, test } from 'vitest'
import { readEventStream } from '../../src/cli/client/event-stream.ts'

const SENT =
  'retry: 2000\nid: 7\n\nid: 8\nevent: TargetSeen\ndata: {"n":1}\n\n: still here\nid: 12\n\n: still here\nid: 12\n\nid: 13\ndata: {"n":2}\n\n'

test.each([1, 2, 7, SENT.length])('events and places are told in order, in pieces of %i', async (size) => {
  const pieces = SENT.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []
  const body = ReadableStream.from(pieces.map((piece) => new TextEncoder().encode(piece)))
  expect(await Array.fromAsync(readEventStream(body))).toEqual([
    { id: '7', data: undefined },
    { id: '8', data: '{"n":1}' },
    { id: '12', data: undefined },
    { id: '13', data: '{"n":2}' },
  ])
})
