/** The list of an MCP registry as something that was scanned: page by page, bounded in time, number and size. Only its own address is asked, never one that it names. */
import { createHash } from 'node:crypto'
import type { ConfigScan, ScannedFile } from '../../domain/ports/config-scan.ts'
import { Secret } from '../../domain/ports/secrets.ts'

export type RegistryScanOptions = Readonly<{
  /** Of the registry, without a path of its API. */
  url: string
  maxPages?: number
  /** Of one page. */
  maxBytes?: number
  /** For one page. */
  timeoutMs?: number
}>

const PAGE_SIZE = 100

export function createRegistryScan({ url, maxPages = 20, maxBytes = 4_194_304, timeoutMs = 10_000 }: RegistryScanOptions): ConfigScan {
  const path = `${url.replace(/\/$/, '')}/v0.1/servers`
  const problem = (rule: Extract<ScannedFile, { kind: 'problem' }>['rule'], says: string): ScannedFile => ({
    kind: 'problem',
    path,
    rule,
    says,
  })
  return {
    async scan({ signal } = {}) {
      const pages: ScannedFile[] = []
      const seen = new Set<string>()
      let cursor = ''
      try {
        for (let page = 0; page < maxPages; page++) {
          const asked = new URL(path)
          asked.searchParams.set('limit', String(PAGE_SIZE))
          asked.searchParams.set('version', 'latest')
          if (cursor !== '') asked.searchParams.set('cursor', cursor)
          const ending = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])])
          const response = await fetch(asked, { redirect: 'error', headers: { accept: 'application/json' }, signal: ending })
          if (!response.ok) return [...pages, problem('unreadable', `answers with status ${response.status}`)]
          const bytes = await upTo(response, maxBytes)
          if (bytes === undefined) return [...pages, problem('too-large', `has a page of more than ${maxBytes} bytes`)]
          const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
          pages.push({ kind: 'text', path, format: 'registry', folder: '/', text: new Secret(text) })
          const next = cursorIn(text)
          if (next === undefined) return pages
          const mark = createHash('sha256').update(next).digest('hex')
          if (seen.has(mark)) return [...pages, problem('unreadable', 'leads in a circle from page to page')]
          seen.add(mark)
          cursor = next
        }
        return [...pages, problem('too-many-files', `has more than ${maxPages * PAGE_SIZE} servers; the rest was not looked at`)]
      } catch (error) {
        signal?.throwIfAborted()
        const encoding = error instanceof Error && 'code' in error && error.code === 'ERR_ENCODING_INVALID_ENCODED_DATA'
        return [
          ...pages,
          encoding ? problem('not-utf-8', 'is not UTF-8 text') : problem('unreadable', 'cannot be reached, or did not answer in time'),
        ]
      }
    },
  }
}

async function upTo(response: Response, most: number): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of response.body ?? []) {
    length += part.length
    if (length > most) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts)
}

function cursorIn(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const metadata = typeof value === 'object' && value !== null && 'metadata' in value ? value.metadata : undefined
    const next = typeof metadata === 'object' && metadata !== null && 'nextCursor' in metadata ? metadata.nextCursor : undefined
    return typeof next === 'string' && next !== '' && next.length <= 2_000 ? next : undefined
  } catch {
    // Whoever reads the page says what is wrong with it.
    return undefined
  }
}
