import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEventStreamReader, type ServerSentEvent } from '../../../src/domain/mcp/event-stream.ts'

function read(pieces: readonly string[], maxChars = 1_000) {
  const events: ServerSentEvent[] = []
  const reader = createEventStreamReader((event) => events.push(event), maxChars)
  const within = pieces.every((piece) => reader.push(piece))
  return { events, within, retryMs: reader.retryMs }
}

const STREAM =
  '\uFEFF: hello\r\nretry: 250\r\n\r\nid: 1\rdata:\r\rid: 2\ndata: {"a":\ndata: 1}\nevent: message\n\nevent: other\ndata: x\n\n'

describe('a stream of events', () => {
  it('is read the same wherever it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: STREAM.length }), { maxLength: 12 }), (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), STREAM.length]
        const pieces = at
          .slice(1)
          .map((end, index) => STREAM.slice(at[index], end))
          .filter((piece) => piece !== '')
        expect(read(pieces)).toEqual({
          within: true,
          retryMs: 250,
          events: [
            { id: '1', event: 'message', data: '' },
            { id: '2', event: 'message', data: '{"a":\n1}' },
            { id: undefined, event: 'other', data: 'x' },
          ],
        })
      }),
    )
  })

  it('ends where a line or an event is longer than it may be', () => {
    expect(read(['data: ', 'x'.repeat(2_000)]).within).toBe(false)
    expect(read(Array.from({ length: 30 }, () => `data: ${'x'.repeat(100)}\n`)).within).toBe(false)
    expect(read(Array.from({ length: 30 }, () => `data: ${'x'.repeat(100)}\n\n`)).within).toBe(true)
  })
})
