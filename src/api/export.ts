/**
 * Exports: all pages of a list as one streamed body, NDJSON or CSV. One page is in memory at a time, and the next is read only when the client
 * has taken the last. A failure in the middle breaks the connection, so that half an export is never taken for a whole one.
 */
import { type CsvValue, csvRow } from '../domain/text/csv.ts'
import type { Page } from '../projections/queries/index.ts'

export type Format = 'ndjson' | 'csv'

export const mediaTypes = { ndjson: 'application/x-ndjson; charset=utf-8', csv: 'text/csv; charset=utf-8; header=present' } as const

export type Export<Item> = Readonly<{
  format: Format
  /** File name without its ending. */
  name: string
  page: (cursor: string | undefined) => Promise<Page<Item>>
  json: (item: Item) => object
  columns: Readonly<Record<string, (item: Item) => CsvValue>>
  signal: AbortSignal
}>

export function exportResponse<Item>(options: Export<Item>): Response {
  const { format, name } = options
  return new Response(bodyOf(options), {
    headers: {
      'content-type': mediaTypes[format],
      'content-disposition': `attachment; filename="${name}.${format}"`,
      'cache-control': 'no-store',
    },
  })
}

function bodyOf<Item>({ format, page, json, columns, signal }: Export<Item>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  const values = Object.values(columns)
  const row = (item: Item) => (format === 'csv' ? csvRow(values.map((value) => value(item))) : `${JSON.stringify(json(item))}\n`)
  let cursor: string | undefined
  let first = true

  return new ReadableStream<Uint8Array>(
    {
      async pull(sink) {
        if (signal.aborted) return sink.close()
        const { items, nextCursor } = await page(cursor)
        const header = first && format === 'csv' ? csvRow(Object.keys(columns)) : ''
        first = false
        const text = header + items.map(row).join('')
        if (text !== '') sink.enqueue(encoder.encode(text))
        // A page without rows cannot be followed by one with rows: the cursor would never move.
        if (nextCursor === undefined || items.length === 0) return sink.close()
        cursor = nextCursor
      },
    },
    { highWaterMark: 1 },
  )
}
