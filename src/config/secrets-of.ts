/** Every secret that a configuration holds, for the scrubber of the log: the keys, the URLs, and the passwords inside the URLs. */
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
  const [, written] = /^[^/]+:\/\/[^/?#]*?:([^/?#]*)@/.exec(url?.reveal() ?? '') ?? []
  if (written === undefined || written === '') return []
  return [...new Set([written, decoded(written)])].map((value) => new Secret(value))
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
