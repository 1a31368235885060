/** Narrows a word from a command line. */
import { type LimitMethod, limitMethods } from '../../../src/domain/server/events.ts'

export const isLimitMethod = (word: string | undefined): word is LimitMethod => limitMethods.some((method) => method === word)
