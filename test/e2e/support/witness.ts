/** What the harness sees with its own eyes: files by `stat`, marks on the host, pages by plain HTTP. Never the product's word. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import http from 'node:http'
import { join } from 'node:path'

export type FileState = Readonly<{ sha256: string; mode: string; uid: number; gid: number }>

/** Bytes, mode and owner. Of a directory, the names in it count as its bytes; of what we may not read ourselves, size and time of the last change. */
export function stateOf(path: string): FileState {
  const { mode, uid, gid } = statSync(path)
  return { sha256: createHash('sha256').update(bytesOf(path)).digest('hex'), mode: (mode & 0o7777).toString(8), uid, gid }
}

function bytesOf(path: string): Buffer | string {
  const stats = statSync(path)
  try {
    return stats.isDirectory() ? readdirSync(path).sort().join('\n') : readFileSync(path)
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'EACCES') throw error
    return `${stats.size} ${stats.mtimeMs}`
  }
}

/** `<executionId>/<step>` of every step that was ever begun on this host. */
export function marksOf(stateDir: string): readonly string[] {
  const marks = join(stateDir, 'marks')
  if (!existsSync(marks)) return []
  return readdirSync(marks).flatMap((execution) => readdirSync(join(marks, execution)).map((step) => `${execution}/${step}`))
}

/** The status of a page, over a connection of its own. `path` is sent as it is. */
export const statusOf = (url: string, path = '/'): Promise<number> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const request = http.request({ hostname, port, path, agent: false, timeout: 5_000 }, (response) => {
      response.resume()
      response.once('end', () => resolve(response.statusCode ?? 0))
      response.once('error', reject)
    })
    request.once('timeout', () => request.destroy(new Error('no answer')))
    request.once('error', reject)
    request.end()
  })

/** A path whose percent-encoding hides whole lines from the request, but not from nginx 1.22's log. */
export const smuggled = (line: string): string => `/x${encodeURIComponent(`\n${line}\ny`)}`
