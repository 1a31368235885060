/**
 * The last thing that every line of our own log passes. Values that are known to be secret never leave, in any of the forms in which they
 * could have slipped into a text; whatever has the shape of a secret does not leave either. The line stays valid JSON.
 */
import { isSecretName, REDACTED, redactSecrets } from '../../domain/analysis/redact.ts'
import { Secret } from '../../domain/ports/secrets.ts'

export interface Scrubber {
  /** From now on, this value is taken out wherever it appears. Values shorter than four characters would take out half the log, and are not. */
  register(secret: Secret | string): void
  /** One line of JSON in, one out. */
  scrub(line: string): string
  /** The same for a text that is no JSON. */
  scrubText(text: string): string
}

const SHORTEST_SECRET = 4

export function createScrubber(): Scrubber {
  const forms = new Set<string>()
  let known: RegExp | undefined

  const scrubText = (text: string): string => redactSecrets(known === undefined ? text : text.replace(known, REDACTED))

  return {
    register(secret) {
      const value = secret instanceof Secret ? secret.reveal() : secret
      for (const form of formsOf(value)) forms.add(form)
      // The longest first, or a secret that begins with another one would leave its end behind.
      const longestFirst = [...forms].sort((a, b) => b.length - a.length)
      known = forms.size === 0 ? undefined : new RegExp(longestFirst.map(literally).join('|'), 'g')
    },
    scrub(line) {
      // Most lines hold nothing; only one that might is taken apart.
      if (scrubText(line) === line && !SECRET_FIELD.test(line)) return unambiguous(line)
      const end = line.endsWith('\n') ? '\n' : ''
      try {
        return unambiguous(JSON.stringify(scrubValue(JSON.parse(line), scrubText)) + end)
      } catch {
        // Not JSON after all. Nobody should lose a line for it, and nobody should see a secret for it.
        return unambiguous(JSON.stringify({ level: 'warn', message: 'a line that was no JSON', line: scrubText(line) }) + end)
      }
    },
    scrubText,
  }
}

const SECRET_FIELD = /"[\w. -]*(?:password|passwd|passphrase|pwd|secret|token|key|authorization|auth|cookie|credentials?)":/i

function scrubValue(value: unknown, scrubText: (text: string) => string): unknown {
  if (typeof value === 'string') return scrubText(value)
  if (typeof value === 'number') return scrubText(String(value)) === String(value) ? value : REDACTED
  if (Array.isArray(value)) return value.map((item) => scrubValue(item, scrubText))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      scrubText(name),
      typeof member === 'string' && isSecretName(name) && !isReference(member) ? REDACTED : scrubValue(member, scrubText),
    ]),
  )
}

/** A reference says where a secret is, which is what an operator needs to see. */
const isReference = (text: string): boolean => /^(?:file|env):[^\s]*$/.test(text)

/** As it is, in JSON, in JSON inside JSON, in a URL, in base64; and each long line of it, because a key file is often printed in part. */
function formsOf(value: string): string[] {
  const inJson = (text: string): string => JSON.stringify(text).slice(1, -1)
  const nested = [value, inJson(value), inJson(inJson(value)), inJson(inJson(inJson(value)))]
  const lines = value.split('\n').filter((line) => line.length >= 16 && !line.startsWith('-----'))
  return [
    ...nested,
    value.trim(),
    encodeURIComponent(value.toWellFormed()),
    Buffer.from(value, 'utf8').toString('base64'),
    Buffer.from(value, 'utf8').toString('base64url'),
    ...(lines.length > 1 ? lines : []),
  ].filter((form) => form.length >= SHORTEST_SECRET)
}

const literally = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')

/** JSON may hold C1 controls, bidirectional overrides and the like as they are; a log is read on terminals, so they are escaped as JSON can. */
const unambiguous = (line: string): string =>
  line.replace(/[\x7f-\x9f\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu, (character) =>
    Array.from({ length: character.length }, (_, unit) => `\\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`).join(''),
  )
