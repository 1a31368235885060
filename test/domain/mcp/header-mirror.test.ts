import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeHeader, encodeHeader, headerMismatch, mirroredBy, mirrorHeaders } from '../../../src/domain/mcp/header-mirror.ts'

describe('a value in a header', () => {
  it.each([
    ['us-west1', 'us-west1'],
    ['Hello, 世界', '=?base64?SGVsbG8sIOS4lueVjA==?='],
    [' padded ', '=?base64?IHBhZGRlZCA=?='],
    ['line1\nline2', '=?base64?bGluZTEKbGluZTI=?='],
    ['=?base64?literal?=', '=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?='],
  ])('%j is written as %j', (value, header) => {
    expect(encodeHeader(value)).toBe(header)
    expect(decodeHeader(header)).toBe(value)
  })

  it('comes back as it was, and never leaves its line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        const header = encodeHeader(value)
        expect(header).toMatch(/^[\x20-\x7e\t]*$/)
        expect(decodeHeader(header)).toBe(value)
      }),
    )
  })

  it('is refused when it is no base64, or holds what no header may', () => {
    expect(['=?base64?SGVsbG8?=', '=?base64?SGVs!!!bG8=?=', 'a\u0000b', 'ü'].map(decodeHeader)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })
})

describe('parameters that are mirrored', () => {
  const schema = {
    type: 'object',
    properties: {
      region: { type: 'string', 'x-mcp-header': 'Region' },
      nested: { type: 'object', properties: { count: { type: 'integer', 'x-mcp-header': 'Count' } } },
      plain: { type: 'string' },
    },
  }
  const mirrored = mirroredBy(schema)
  if (typeof mirrored === 'string') throw new TypeError(mirrored)

  it('are found where the schema marks them', () => {
    expect(mirrored).toEqual([
      { header: 'Region', path: ['region'] },
      { header: 'Count', path: ['nested', 'count'] },
    ])
  })

  it.each([
    [{ properties: { a: { type: 'number', 'x-mcp-header': 'A' } } }, /cannot be mirrored/],
    [{ properties: { a: { type: 'string', 'x-mcp-header': '' } } }, /no name of a header/],
    [{ properties: { a: { type: 'string', 'x-mcp-header': 'A\r\nX' } } }, /no name of a header/],
    [{ properties: { a: { type: 'string', 'x-mcp-header': 'A' }, b: { type: 'string', 'x-mcp-header': 'a' } } }, /twice/],
    [{ properties: { a: { type: 'array', items: { type: 'string', 'x-mcp-header': 'A' } } } }, /cannot be mirrored/],
    [{ anyOf: [{ properties: { a: { type: 'string', 'x-mcp-header': 'A' } } }] }, /cannot be mirrored/],
  ])('are refused in %j', (bad, why) => {
    expect(mirroredBy(bad)).toMatch(why)
  })

  it('must be in the headers as they are in the body', () => {
    const params = { name: 'tool', arguments: { region: 'eu', nested: { count: 42 } } }
    const headers = mirrorHeaders('tools/call', params, mirrored)
    expect(headers).toEqual({ 'mcp-method': 'tools/call', 'mcp-name': 'tool', 'mcp-param-region': 'eu', 'mcp-param-count': '42' })
    const judge = (changed: Record<string, string | undefined>) => {
      const all: Record<string, string | undefined> = { ...headers, ...changed }
      return headerMismatch((name) => all[name], 'tools/call', params, mirrored)
    }
    expect(judge({})).toBeUndefined()
    expect(judge({ 'mcp-param-count': '42.0' })).toBeUndefined()
    expect(judge({ 'mcp-name': ' tool ' })).toBeUndefined()
    expect(judge({ 'mcp-method': undefined })).toMatch(/Mcp-Method is missing/)
    expect(judge({ 'mcp-method': 'tools/list' })).toMatch(/Mcp-Method is not/)
    expect(judge({ 'mcp-name': 'other' })).toMatch(/Mcp-Name is not/)
    expect(judge({ 'mcp-param-region': undefined })).toMatch(/Region is missing/)
    expect(judge({ 'mcp-param-region': 'us' })).toMatch(/Region is not/)
  })
})
