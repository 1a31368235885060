/** Data goes to standard output, either drawn for a person or as JSON for a program; messages go to standard error. Nothing else writes. */
import { forTerminal } from '../../domain/text/terminal.ts'
import type { CliContext, OutputStream } from '../context.ts'
import { jsonText } from './json-text.ts'
import { createPage, type Page } from './page.ts'
import { type Paint, paintFor, type Tone } from './paint.ts'

export interface Output {
  readonly json: boolean
  readonly nowMs: number
  /** Whether what is shown has to fit a width, and may be shortened for it. */
  readonly fitted: boolean
  /** Of standard output; undefined: lines are as long as they are. */
  readonly width: number | undefined
  /** `value` with `--json`, otherwise the page that `draw` makes of it. */
  show(value: unknown, draw: (page: Page) => void): void
  /** One of many that come one after the other: a line of JSON each. */
  stream(value: unknown, draw: (page: Page) => void): void
  /** A line that is the datum itself, e.g. a new key. */
  line(text: string): void
  /** To a person who waits; also with `--json`. */
  note(text: string, tone?: Tone): void
  /** What went wrong, for a program: one line of JSON on standard error. */
  problem(value: unknown): void
  /** Drawn on standard error: what a person must see before answering a question, also when standard output goes elsewhere. */
  notes(draw: (page: Page) => void): void
}

type Streams = Pick<CliContext, 'stdout' | 'stderr' | 'env' | 'nowMs'>

export function createOutput({ stdout, stderr, env, nowMs }: Streams, { json }: { json: boolean }): Output {
  const paintData = paintFor(stdout, env)
  const paintNotes = paintFor(stderr, env)
  const draw = (make: (page: Page) => void, stream: OutputStream, paint: Paint): void => {
    const page = createPage({ width: widthOf(stream, env), paint })
    make(page)
    stream.write(page.lines.map((line) => `${line}\n`).join(''))
  }
  return {
    json,
    nowMs: nowMs(),
    fitted: widthOf(stdout, env) !== undefined,
    width: widthOf(stdout, env),
    show: (value, make) => (json ? void stdout.write(`${jsonText(value)}\n`) : draw(make, stdout, paintData)),
    stream: (value, make) => (json ? void stdout.write(`${jsonText(value, 0)}\n`) : draw(make, stdout, paintData)),
    line: (text) => void stdout.write(`${forTerminal(text)}\n`),
    note: (text, tone = 'plain') => draw((page) => page.text(text, tone), stderr, paintNotes),
    problem: (value) => void stderr.write(`${jsonText(value, 0)}\n`),
    notes: (make) => draw(make, stderr, paintNotes),
  }
}

const NARROWEST = 40

/** COLUMNS counts where there is no terminal: whoever hands it on wants that width. */
function widthOf(stream: OutputStream, env: Streams['env']): number | undefined {
  const columns = stream.isTTY === true ? (stream.columns ?? 0) : Number(env['COLUMNS'] ?? '')
  return Number.isInteger(columns) && columns > 0 ? Math.max(NARROWEST, columns) : undefined
}
