import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findMembers, isDeeperThan, replaceSpans } from '../../../src/domain/mcp/json-text.ts'
import { isReadable, type Message, MOST_LEVELS, readMessage } from '../../../src/domain/mcp/message.ts'
import { readdressAnswer, readdressProgress, readdressRequest } from '../../../src/domain/mcp/readdress.ts'

const message = (text: string): Message => {
  const read = readMessage(text)
  if (!isReadable(read)) throw new TypeError(`unreadable: ${text}`)
  return read
}

const layouts = [undefined, 1, '\t', ' '] as const
const keyed = fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 })

describe('an id within a text', () => {
  it('is the only thing that changes, whatever stands around it and however it is laid out', () => {
    fc.assert(
      fc.property(keyed, fc.jsonValue(), fc.constantFrom(...layouts), fc.boolean(), (others, args, layout, first) => {
        const id = { id: 7 }
        const rest = {
          ...others,
          method: 'tools/call',
          params: { name: 'x', arguments: args, _meta: { other: args, progressToken: 'mine' } },
        }
        const value = { jsonrpc: '2.0', ...(first ? { ...id, ...rest, ...id } : { ...rest, ...id }) }
        const { text, value: read } = message(JSON.stringify(value, undefined, layout))
        const sent = JSON.parse(readdressRequest({ text, value: read, kind: 'request' }, 4_711))
        const meta = { other: args, progressToken: 4_711 }
        expect(sent).toEqual(JSON.parse(JSON.stringify({ ...value, id: 4_711, params: { ...value.params, _meta: meta } })))
      }),
    )
  })

  it('comes back in every place where servers write it', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.constantFrom(...layouts),
        fc.constantFrom('head', 'tail', 'middle'),
        fc.oneof(fc.string(), fc.integer()),
        (content, layout, place, theirs) => {
          const [head, tail] = [{ jsonrpc: '2.0', id: 12 }, { result: { content, id: 99, text: ',"jsonrpc":"2.0","id":12}' } }]
          const value =
            place === 'head' ? { ...head, ...tail } : place === 'tail' ? { ...tail, ...head } : { id: 12, ...tail, jsonrpc: '2.0' }
          const back = JSON.parse(readdressAnswer(message(JSON.stringify(value, undefined, layout)), theirs))
          expect(back).toEqual(JSON.parse(JSON.stringify({ ...value, id: theirs })))
        },
      ),
    )
  })

  it('leaves numbers as they were written', () => {
    const text = '{"jsonrpc":"2.0","id":1,"result":{"big":12345678901234567890,"small":1.10,"exp":1E3,"escaped":"\\u0041\\/"}}'
    expect(readdressAnswer(message(text), 'a')).toBe(text.replace('"id":1', '"id":"a"'))
    const call = '{"jsonrpc":"2.0", "method":"tools/call","params":{"name":"x","arguments":{"n":1.0}},"id":1}'
    expect(readdressRequest(message(call), 2)).toBe(call.replace('"id":1', '"id":2'))
  })

  it('is written anew where the text has two readings, so that only one is left', () => {
    for (const text of [
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"harmless","name":"other"}}',
      '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"other"}}',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"\\u006eame":"harmless","name":"other"}}',
      '{"jsonrpc":"2.0","id":1,"id":2,"method":"tools/call","params":{"name":"other"}}',
    ]) {
      const sent = readdressRequest(message(text), 5)
      expect(sent).toBe('{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"other"}}')
    }
  })

  it('puts what is laid out over several lines on one', () => {
    expect(message('{\r\n "jsonrpc": "2.0",\n "id": 1,\n "result": {"text": "a\\nb"}\n}').text).not.toMatch(/[\r\n]/)
  })

  it('gives progress the token of the caller', () => {
    const told = message('{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1,"progressToken":17,"message":"17"}}')
    expect(readdressProgress(told, 'of the caller')).toBe(told.text.replace('"progressToken":17', '"progressToken":"of the caller"'))
  })
})

describe('finding members', () => {
  it('is not misled by what strings look like', () => {
    const text = '{"a":"{\\"id\\":1,","b":["\\\\","]"],"id":{"deep":"}"},"c":-1.5e+3}'
    const spans = findMembers(text, { id: 'id', c: 'c', a: 'a' })
    expect(
      spans === undefined
        ? ''
        : replaceSpans(
            text,
            spans,
            new Map([
              ['id', '5'],
              ['c', 'null'],
            ]),
          ),
    ).toBe('{"a":"{\\"id\\":1,","b":["\\\\","]"],"id":5,"c":null}')
  })
})

describe('how deep a text is', () => {
  const nested = (levels: number, inside = '1') => `${'{"a":['.repeat(levels / 2)}${inside}${']}'.repeat(levels / 2)}`

  it('counts what is open at the same time, and nothing within strings', () => {
    expect(isDeeperThan(10, nested(10))).toBe(false)
    expect(isDeeperThan(10, nested(12))).toBe(true)
    const quoted = JSON.stringify('[{\\"'.repeat(50))
    expect(isDeeperThan(10, nested(10, quoted))).toBe(false)
    expect(isDeeperThan(10, nested(12, quoted))).toBe(true)
    expect(isDeeperThan(10, `[${'[[]],'.repeat(50)}1]`)).toBe(false)
    // Whoever leaves a string open writes no JSON; it is looked at to its end all the same.
    expect(isDeeperThan(10, `[[["${'['.repeat(50)}`)).toBe(false)
  })

  it('ends a message that is deeper than may be, whoever sends it', () => {
    const call = (levels: number) => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${nested(levels)}}`
    expect(readMessage(call(MOST_LEVELS - 2))).toMatchObject({ kind: 'request' })
    expect(readMessage(call(MOST_LEVELS))).toEqual({ unreadable: 'too-deep' })
  })
})

describe('a message', () => {
  it.each([
    ['nonsense', { unreadable: 'not-json' }],
    ['[]', { unreadable: 'batch' }],
    ['[{"jsonrpc":"2.0","id":1,"method":"ping"}]', { unreadable: 'batch' }],
    ['null', { unreadable: 'not-json-rpc' }],
    ['{"jsonrpc":"1.0","id":1,"method":"ping"}', { unreadable: 'not-json-rpc', id: 1 }],
    ['{"jsonrpc":"2.0","id":null,"method":"ping"}', { unreadable: 'not-json-rpc' }],
    ['{"jsonrpc":"2.0","id":1.5,"method":"ping"}', { unreadable: 'not-json-rpc' }],
    ['{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}', { unreadable: 'not-json-rpc', id: 1 }],
    ['{"jsonrpc":"2.0","id":1}', { unreadable: 'not-json-rpc', id: 1 }],
  ])('%s is none', (text, problem) => {
    expect(readMessage(text)).toEqual(problem)
  })
})
