/**
 * What the demo shows. On a terminal the last line moves while something is waited for; elsewhere only whole lines are written. Everything that
 * comes from outside is made harmless here, so no part of the demo can forget it.
 */
import { forTerminal } from '../../domain/text/terminal.ts'
import { isYes } from '../screen/ask.ts'
import { wrapBehind } from './wrap.ts'

export type ScreenStream = Pick<NodeJS.WriteStream, 'write'> & Readonly<{ isTTY?: boolean; columns?: number }>

export interface Screen {
  readonly width: number
  blank(): void
  /** A line that says where we are. */
  heading(text: string): void
  /** A paragraph, wrapped. `label` stands before its first line. */
  say(text: string, label?: string): void
  /** As it is, one line; cut at the edge. */
  raw(text: string): void
  /** Something to type or copy: never wrapped, never cut. */
  command(text: string): void
  good(text: string): void
  bad(text: string): void
  /** Shows that something is waited for, until it is done. */
  during<Result>(what: string, work: () => Promise<Result>): Promise<Result>
  /** A question that a person answers with yes or no. */
  ask(question: string, signal: AbortSignal): Promise<boolean>
}

const INDENT = '   '
const WIDEST = 120
/** Where the terminal does not say: some have no size, or 0. */
const USUAL = 100
const TICK_MS = 100
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']

export type AskPerson = (question: string, signal: AbortSignal) => Promise<string>

export function createScreen({ stream, env, askPerson }: { stream: ScreenStream; env: NodeJS.ProcessEnv; askPerson: AskPerson }): Screen {
  const live = stream.isTTY === true
  const colours = live && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
  const paint = (code: number, text: string): string => (colours ? `\x1b[${code}m${text}\x1b[0m` : text)
  const width = (): number => Math.max(40, Math.min(stream.columns || USUAL, WIDEST))
  let moving = false

  const clear = (): void => {
    if (moving) stream.write('\r\x1b[K')
    moving = false
  }
  const write = (line: string): void => {
    clear()
    stream.write(`${line}\n`)
  }
  const paragraph = (text: string, label: string, mark?: (label: string) => string): void => {
    const lines = wrapBehind(label, forTerminal(text), width() - 1)
    for (const [index, line] of lines.entries()) write(index === 0 && mark !== undefined ? mark(label) + line.slice(label.length) : line)
  }

  return {
    get width() {
      return width()
    },
    blank: () => write(''),
    heading: (text) => write(paint(1, forTerminal(text).slice(0, width() - 1))),
    say: (text, label = INDENT) => paragraph(text, label),
    raw: (text) => write(forTerminal(text).slice(0, width() - 1)),
    command: (text) => write(`${INDENT}  ${forTerminal(text)}`),
    good: (text) => paragraph(text, `${INDENT}✓ `, (label) => paint(32, label)),
    bad: (text) => paragraph(text, `${INDENT}✗ `, (label) => paint(31, label)),
    async during(what, work) {
      const text = forTerminal(what)
      if (!live) {
        write(`${INDENT}… ${text}`)
        return work()
      }
      const began = performance.now()
      let frame = 0
      const draw = (): void => {
        const seconds = ((performance.now() - began) / 1_000).toFixed(1)
        stream.write(`\r\x1b[K${`${INDENT}${FRAMES[frame++ % FRAMES.length]} ${text} ${seconds} s`.slice(0, width() - 1)}`)
        moving = true
      }
      draw()
      const timer = setInterval(draw, TICK_MS)
      try {
        return await work()
      } finally {
        clearInterval(timer)
        clear()
      }
    },
    async ask(question, signal) {
      clear()
      const answer = await askPerson(`${INDENT}${question} [y/N] `, signal)
      return isYes(answer)
    },
  }
}
