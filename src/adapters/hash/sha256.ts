/** SHA-256 of the UTF-8 form of a text. */
import { createHash } from 'node:crypto'
import type { Hash } from '../../domain/ports/hash.ts'

export const createHasher = (): Hash => ({ sha256: (text) => createHash('sha256').update(text, 'utf8').digest('hex') })
