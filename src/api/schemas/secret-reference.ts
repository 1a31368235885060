/** A reference to a secret. The secret itself has no place in a request: it would end in a log. */
import { z } from 'zod'
import type { SecretReference } from '../../domain/ports/secrets.ts'

export const secretReference = z
  .string()
  .max(512)
  .regex(/^(?:file:.+|env:[A-Z][A-Z0-9_]*)$/, 'must be file:<path> or env:<NAME>; a secret itself is never stored')
  .transform(toReference)

function toReference(text: string): SecretReference {
  return text.startsWith('env:') ? `env:${text.slice('env:'.length)}` : `file:${text.slice('file:'.length)}`
}
