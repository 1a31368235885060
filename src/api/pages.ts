/** What pages for people have alike: they are made of our own files only, nothing of them runs inline, and nobody may frame them. */
import { fileText } from './file-text.ts'

/**
 * `connect`: the page asks the API of its own origin. Trusted types make the browser itself refuse whatever would turn text into markup, so a slip
 * in the script fails instead of running what a server has said.
 */
export const pagePolicy = ({ connect = false }: Readonly<{ connect?: boolean }> = {}): string =>
  [
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "img-src 'self'",
    ...(connect ? ["connect-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ')

export const htmlPage = (html: string, policy: string): Response =>
  new Response(html, {
    headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy, 'cache-control': 'no-cache' },
  })

const mediaTypes = { css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml' } as const

/** A file of a page. Asked for again with every visit: after an upgrade the files of a page must all be of one version. */
export function pageFile(url: URL): () => Response {
  const text = fileText(url)
  const mediaType = Object.entries(mediaTypes).find(([end]) => url.pathname.endsWith(`.${end}`))?.[1]
  if (mediaType === undefined) throw new TypeError(`${url.pathname} is no file of a page`)
  return () => new Response(text(), { headers: { 'content-type': `${mediaType}; charset=utf-8`, 'cache-control': 'no-cache' } })
}
