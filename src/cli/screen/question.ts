/**
 * One question at a terminal, and what was typed after it. Only that: what somebody typed before the question stood there was meant for something else,
 * and must not answer it - a `y` least of all.
 */
import { createInterface } from 'node:readline/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { InputStream, OutputStream } from '../context.ts'

/** closed: Ctrl-D, or the terminal is gone. interrupted: Ctrl-C, which a terminal that is read key by key sends as a key. */
export type Answer = Readonly<{ kind: 'answer'; text: string }> | Readonly<{ kind: 'closed' | 'interrupted' }>

export type QuestionOptions = Readonly<{ input: InputStream; output: OutputStream; signal: AbortSignal }>

/**
 * @param text words of our own.
 * @throws the reason of the signal.
 */
export async function question(text: string, { input, output, signal }: QuestionOptions): Promise<Answer> {
  signal.throwIfAborted()
  if ((await discardTyped(input)) === 'interrupted') return { kind: 'interrupted' }
  const lines = createInterface({ input, output, terminal: true })
  const ended = new AbortController()
  let how: 'closed' | 'interrupted' = 'closed'
  lines.on('SIGINT', () => {
    how = 'interrupted'
    ended.abort()
  })
  lines.on('close', () => ended.abort())
  try {
    return { kind: 'answer', text: await lines.question(text, { signal: AbortSignal.any([signal, ended.signal]) }) }
  } catch (error) {
    signal.throwIfAborted()
    if (!ended.signal.aborted) throw error
    output.write('\n')
    return { kind: how }
  } finally {
    lines.close()
  }
}

/** Long enough for the terminal to hand over what it holds; too short to be noticed. */
const DISCARD_MS = 60
const CTRL_C = 0x03

/**
 * A terminal keeps what is typed until somebody reads it, by the line or by the key. Read by the key it gives all of it, also a line that was not ended.
 */
async function discardTyped(input: InputStream): Promise<'discarded' | 'interrupted'> {
  if (input.isTTY !== true || input.setRawMode === undefined) return 'discarded'
  let interrupted = false
  const discard = (typed: Buffer | string): void => {
    interrupted ||= Buffer.from(typed).includes(CTRL_C)
  }
  input.setRawMode(true)
  try {
    input.on('data', discard)
    await delay(DISCARD_MS)
  } finally {
    input.off('data', discard)
    input.pause()
    input.setRawMode(false)
  }
  return interrupted ? 'interrupted' : 'discarded'
}
