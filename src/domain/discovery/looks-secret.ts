/**
 * Whether a literal of a client's configuration is a secret: by the name it stands under, and by its shape. It errs on the side of a secret: a plain
 * word that moved into a file costs a look, a key that was recorded stays in the log for ever.
 */
import { isSecretName, redactSecrets } from '../analysis/redact.ts'

/** `name`: of the variable, header, option or parameter, if it stands under one. */
export function looksSecret(value: string, name?: string): boolean {
  if (value === '') return false
  if (name !== undefined && isSecretName(name)) return true
  if (name !== undefined && mayNameSecret(name) && !/^(?:true|false|yes|no|on|off|\d{1,2})$/i.test(value)) return true
  return redactSecrets(value) !== value || hasUserinfo(value) || holdsSecretPair(value) || !value.split(SEPARATORS).every(isPlain)
}

/** Names that stand for secrets often enough; a flag under such a name is none. */
const mayNameSecret = (name: string): boolean => MAY_NAME_SECRET.test(name.replace(/[-_.\s]/g, '').toLowerCase())
const MAY_NAME_SECRET =
  /(?:key|pat|pass|pwd|auth|bearer|jwt|dsn|connectionstring|session|sessionid|signature|sig|salt|pin|otp|cookies?|secrets|tokens|hash|seed)$/

/** A user alone is none: databases are reached by his name. In an address of the web, what stands there is a key. */
const hasUserinfo = (value: string): boolean => /:\/\/[^/?#\s@]*:[^/?#\s]*@|\bhttps?:\/\/[^/?#\s]*@/i.test(value)

/** `key=value` inside a text: a query, a connection string, a variable for a container. */
const holdsSecretPair = (value: string): boolean =>
  value.split(/[?&;,\s]+/).some((pair) => {
    const [, name, held] = /^-{0,2}([\w.-]{1,100})[=:]([^/].*)$/s.exec(pair) ?? []
    return (
      name !== undefined && held !== undefined && (isSecretName(name) || mayNameSecret(name)) && !/^(?:true|false|\d{1,2})$/i.test(held)
    )
  })

const SEPARATORS = /[^\p{L}\p{N}]+/u

/** A word, a number, or a word with a number behind it. Letters and digits mixed, and case that jumps about, are what generators write. */
function isPlain(piece: string): boolean {
  if (piece === '') return true
  if (/^\d{1,5}$/.test(piece)) return true
  if (!/^\p{L}{1,24}\d{0,4}$/u.test(piece)) return /^[vV]?\d{1,4}[a-z]{0,2}$/.test(piece)
  return (piece.match(/\p{Ll}\p{Lu}/gu)?.length ?? 0) <= 3
}
