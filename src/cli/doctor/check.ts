/** One thing that the doctor looks at: how it is, what was seen, and what to do when it is not well. */
import type { Tone } from '../screen/paint.ts'

export type Finding = Readonly<{
  name: string
  status: 'ok' | 'warn' | 'fail'
  says: string
  /** What to do. */
  advice?: string
}>

export const ok = (name: string, says: string): Finding => ({ name, status: 'ok', says })
export const warn = (name: string, says: string, advice: string): Finding => ({ name, status: 'warn', says, advice })
export const fail = (name: string, says: string, advice: string): Finding => ({ name, status: 'fail', says, advice })

export const toneOfStatus: Readonly<Record<Finding['status'], Tone>> = { ok: 'good', warn: 'warn', fail: 'bad' }

/** The innermost reason: the outer ones say only that something failed. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : ''
  return error.message === '' ? (error.cause === undefined ? error.name + code : reasonOf(error.cause)) : error.message
}

/** What lies at the bottom: an adapter says that a server is away, its cause says why. */
export const rootOf = (error: unknown): unknown => (error instanceof Error && error.cause instanceof Error ? rootOf(error.cause) : error)
