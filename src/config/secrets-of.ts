/** Every secret that a configuration holds, for the scrubber of the log: the keys, and the passwords inside the URLs. */
import type { Config } from '../config.ts'
import { Secret } from '../domain/ports/secrets.ts'

export function secretsOf({ adminKey, analyst, databaseUrl, eventStore }: Config): Secret[] {
  const urls = [
    databaseUrl.kind === 'external' ? databaseUrl.url : undefined,
    eventStore.kind === 'eventstoredb' ? eventStore.url : undefined,
  ]
  return [adminKey, analyst.apiKey, ...urls.flatMap((url) => passwordsOf(url))].filter((secret) => secret !== undefined)
}

/** As it stands in the URL, and as the driver sends it. */
function passwordsOf(url: Secret | undefined): Secret[] {
  const text = url?.reveal() ?? ''
  const [, ofUser = ''] = /^[^/]+:\/\/[^/?#]*?:([^/?#]*)@/.exec(text) ?? []
  // PostgreSQL takes passwords as parameters too: its own, and that of the client key.
  const asParameters = [...text.matchAll(/[?&](?:ssl)?password=([^&#]*)/gi)].map(([, value = '']) => value)
  const written = [ofUser, ...asParameters].filter((value) => value !== '')
  return [...new Set(written.flatMap((value) => [value, decoded(value)]))].map((value) => new Secret(value))
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
