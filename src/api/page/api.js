/** The API of this Steward, with the key of the reader. The key goes into headers only, and never into an address. */

/** An answer that is a refusal, or none at all: then its status is 0. */
export class Refusal extends Error {
  /** @param {{ status: number, code: string, message: string, details?: Readonly<Record<string, unknown>> | undefined }} facts */
  constructor({ status, code, message, details }) {
    super(message)
    this.status = status
    this.code = code
    this.details = details ?? {}
  }
}

/**
 * What to tell a person who was refused.
 * @param {unknown} error
 * @returns {string}
 */
export function wordsOf(error) {
  if (!(error instanceof Refusal)) return String(error)
  const { issues, ...facts } = error.details
  const told = Array.isArray(issues) ? issues.map(({ field, message, rule }) => `${field}: ${message ?? rule}`) : []
  for (const [name, value] of Object.entries(facts)) told.push(`${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
  return told.length === 0 ? error.message : `${error.message} (${told.join('; ')})`
}

/** @typedef {ReturnType<typeof createClient>} Client */

/** @param {{ key: string, onUnknownKey: () => void }} options */
export function createClient({ key, onUnknownKey }) {
  const authorization = `Bearer ${key}`

  return {
    key,
    /**
     * @template Answer
     * @param {string} path
     * @param {Readonly<Record<string, string | number | undefined>>} [query]
     * @returns {Promise<Answer>}
     */
    get: (path, query) => send('GET', withQuery(path, query)),
    /**
     * Everything of a list, page by page.
     * @template Item
     * @param {string} path
     * @param {Readonly<Record<string, string | number | undefined>>} [query]
     * @returns {Promise<readonly Item[]>}
     */
    async all(path, query = {}) {
      /** @type {Item[]} */
      const items = []
      /** @type {string | undefined} */
      let cursor
      do {
        const page = await send('GET', withQuery(path, { limit: 100, ...query, cursor }))
        items.push(...page.items)
        cursor = page.next_cursor ?? undefined
      } while (cursor !== undefined)
      return items
    },
    /**
     * Nothing is recorded; the answer says what would be.
     * @param {string} path
     * @param {object} body
     * @returns {Promise<import('./shapes.d.ts').Preview>}
     */
    preview: (path, body) => send('POST', withQuery(path, { preview: 'true' }), { body }),
    /**
     * @param {string} path
     * @param {object} body
     * @param {string} idempotencyKey the same for each repetition of one attempt: nothing is done twice
     * @returns {Promise<import('./shapes.d.ts').Outcome>}
     */
    command: (path, body, idempotencyKey) => send('POST', path, { body, headers: { 'idempotency-key': idempotencyKey } }),
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {{ body?: object, headers?: Record<string, string> }} [options]
   * @returns {Promise<any>}
   */
  async function send(method, path, { body, headers = {} } = {}) {
    const response = await fetch(path, {
      method,
      headers: { authorization, ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      signal: AbortSignal.timeout(30_000),
    }).catch(() => {
      throw new Refusal({ status: 0, code: 'UNREACHABLE', message: 'Steward does not answer.' })
    })
    const answer = await response.json().catch(() => undefined)
    if (response.ok) return answer
    if (response.status === 401) onUnknownKey()
    throw new Refusal({
      status: response.status,
      ...(answer?.error ?? { code: 'UNKNOWN', message: `Steward answered ${response.status}.` }),
    })
  }
}

/**
 * @param {string} path
 * @param {Readonly<Record<string, string | number | undefined>>} [query]
 */
function withQuery(path, query = {}) {
  const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]))
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`
}

/** A name that no other attempt has. Also where the page comes over plain HTTP, and `randomUUID` is missing. */
export const freshKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
