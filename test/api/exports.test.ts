/** Exports: complete, streamed page by page, harmless in a spreadsheet, and broken off visibly when they fail. */
import { describe, expect, test } from 'vitest'
import { exportResponse } from '../../src/api/export.ts'
import type { Page } from '../../src/projections/queries/index.ts'
import { testApi } from './support/test-api.ts'

const MANY = 1_203

async function withEvents() {
  const api = testApi()
  for (let n = 0; n < MANY; n++)
    await api.world.append('target-9', n % 2 === 0 ? 'TargetSeen' : 'TargetUnseen', { n: String(n), reason: '=1+1' })
  return api
}

describe('events', () => {
  test('as NDJSON are all there, oldest first, over several pages', async () => {
    const response = await (await withEvents()).request('/api/v1/events/export')
    expect(response.headers.get('content-type')).toContain('application/x-ndjson')
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="events.ndjson"')
    const lines = (await response.text()).trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line).data.n)).toEqual(Array.from({ length: MANY }, (_, n) => String(n)))
  })

  test('are filtered', async () => {
    const response = await (await withEvents()).request('/api/v1/events/export?types=TargetSeen')
    expect((await response.text()).trimEnd().split('\n')).toHaveLength(Math.ceil(MANY / 2))
  })

  test('as CSV have one header and one row each', async () => {
    const text = await (await (await withEvents()).request('/api/v1/events/export?format=csv')).text()
    const rows = text.trimEnd().split('\r\n')
    expect(rows[0]).toContain('position')
    expect(rows).toHaveLength(MANY + 1)
  })
})

test('a cell that a spreadsheet would take for a formula is escaped', async () => {
  const response = await testApi().request('/api/v1/commands/export?format=csv')
  expect(await response.text()).toContain(`"'=cmd|calc"`)
})

describe('an export', () => {
  const pages = (all: readonly Page<number>[], asked: (string | undefined)[] = []) =>
    exportResponse<number>({
      format: 'ndjson',
      name: 'numbers',
      async page(cursor) {
        asked.push(cursor)
        const page = all[asked.length - 1]
        if (!page) throw new Error('the database went away')
        return page
      },
      json: (n) => ({ n }),
      columns: {},
      signal: new AbortController().signal,
    })
  const page = (items: number[], nextCursor: string | undefined): Page<number> => ({ items, nextCursor, total: undefined, position: 0n })

  test('reads no page before the client has taken the one before', async () => {
    const asked: (string | undefined)[] = []
    const reader = pages([page([1], 'a'), page([2], 'b'), page([3], undefined)], asked).body?.getReader()
    await reader?.read()
    expect(asked.length).toBeLessThanOrEqual(2)
    await reader?.cancel()
  })

  test('that fails in the middle does not end as if it were whole', async () => {
    await expect(pages([page([1], 'a')]).text()).rejects.toThrow('went away')
  })
})
