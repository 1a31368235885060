/**
 * Takes secrets out of text by their shape: before anything from outside is stored, sent to a model or written to our own log.
 * Shapes only; values that are known to be secret are the scrubber's business. Every pattern is linear in the text.
 */
import type { Json } from '../ports/json.ts'

export const REDACTED = '[redacted]'

export const redactSecrets = (text: string): string =>
  SHAPES.reduce((redacted, { find, put }) => (find.test(redacted) ? redacted.replace(find, put) : redacted), text)

/** The same for every text in a value, and for whatever stands under the name of a secret. */
export function redactValue(value: Json): Json {
  if (typeof value === 'string') return redactSecrets(value)
  if (value === null || typeof value !== 'object') return value
  if (isList(value)) return value.map(redactValue)
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, isSecretName(name) ? REDACTED : redactValue(each)]))
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)

/** Whether a field of this name holds a secret, whatever the style of its name: `apiKey`, `x-api-key`, `DB_PASSWORD`. */
export const isSecretName = (name: string): boolean => SECRET_NAME.test(name.replace(/[-_.\s]/g, '').toLowerCase())

const SECRET_NAME =
  /(?:password|passwd|passphrase|secret|token|apikey|accesskey|privatekey|adminkey|authorization|cookie|credentials?)$|^(?:pwd|auth)$/

type Shape = Readonly<{ find: RegExp; put: string }>

const SHAPES: readonly Shape[] = [
  // A key that was cut off before its end is a key all the same.
  { find: /-----BEGIN (?:[A-Z]{1,12} ){0,3}PRIVATE KEY-----[\s\S]*?(?:-----END (?:[A-Z]{1,12} ){0,3}PRIVATE KEY-----|$)/, put: REDACTED },
  { find: /\b(Bearer|Basic|Digest|Negotiate)[ \t]+[\w.~+/=:-]{6,}/i, put: `$1 ${REDACTED}` },
  { find: /\b((?:proxy-)?authorization|(?:set-)?cookie|x-api-key)(["']?[ \t]*:[ \t]*["']?)[^\r\n"']+/i, put: `$1$2${REDACTED}` },
  // Vendors' keys name themselves: Anthropic and OpenAI, GitHub, GitLab, Slack, AWS, Google, npm, Stripe; and our own.
  { find: /\bsk-[\w-]{12,}/, put: REDACTED },
  { find: /\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|npm_|[rs]k_live_|stw_|steward_key_)[\w-]{12,}/, put: REDACTED },
  { find: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/, put: REDACTED },
  { find: /\bAIza[\w-]{30,}/, put: REDACTED },
  { find: /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/, put: REDACTED },
  // The user name in a URL says who; only the password is secret.
  { find: /\b([a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/?#@"']{0,64}):[^\s/?#"']{1,256}@/i, put: `$1:${REDACTED}@` },
  // SQL and redis.conf write the value behind a blank.
  { find: /\b(password|identified by)([ \t]+)'(?:[^']|'')*'/i, put: `$1$2${REDACTED}` },
  { find: /\b(requirepass|masterauth|primaryauth|sentinel auth-pass \S{1,64})([ \t]+)[^\s"']+/i, put: `$1$2${REDACTED}` },
  {
    find: /((?:password|passwd|passphrase|\bpwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key)["']?[ \t]*[:=][ \t]*)(\[redacted\]|"[^"]*"|'[^']*'|[^\s,;&"'}\])]+)/i,
    put: `$1${REDACTED}`,
  },
].map(({ find, put }) => ({ find: new RegExp(find.source, `${find.flags}g`), put }))
