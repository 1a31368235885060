/**
 * The service's log for somebody who watches it on a terminal: one short line per entry, in colour, and nothing in it that the terminal could act on.
 * Everywhere else the log stays what it is: one JSON object per line.
 */
import { forTerminal } from '../../domain/text/terminal.ts'
import type { LogStream } from '../local-services.ts'
import { localTime } from '../screen/moment.ts'
import type { Paint, Tone } from '../screen/paint.ts'

/** In every line; whoever watches knows them. */
const KNOWN = new Set(['level', 'time', 'message', 'service', 'pid'])

const tones: Readonly<Record<string, Tone>> = { debug: 'dim', info: 'good', warn: 'warn', error: 'bad' }

export function logView(stream: LogStream, paint: Paint): LogStream {
  return {
    write(text) {
      for (const line of text.split('\n')) if (line !== '') stream.write(`${view(line, paint)}\n`)
    },
  }
}

function view(line: string, paint: Paint): string {
  const entry = entryOf(line)
  if (entry === undefined) return forTerminal(line)
  const { level, time, message } = entry
  const facts = Object.entries(entry).flatMap(([name, value]) => (KNOWN.has(name) ? [] : [`${name}=${factText(value)}`]))
  const word = String(level)
  return [
    paint('dim', forTerminal(localTime(String(time)).slice(-'10:30:00'.length))),
    paint(tones[word] ?? 'plain', forTerminal(word).padEnd(5)),
    forTerminal(String(message)),
    paint('dim', forTerminal(facts.join(' '))),
  ].join(' ')
}

function entryOf(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const entry: unknown = JSON.parse(line)
    return typeof entry === 'object' && entry !== null && 'message' in entry ? { ...entry } : undefined
  } catch {
    return undefined
  }
}

/** Of an error its message and those of its causes, the last of which says what to do; who wants the stacks reads the JSON. */
function factText(value: unknown): string {
  if (typeof value === 'string') return /^[\w.:/@+-]+$/.test(value) ? value : JSON.stringify(value)
  const messages = messagesOf(value)
  return messages.length > 0 ? JSON.stringify(messages.join(': ')) : (JSON.stringify(value) ?? '')
}

function messagesOf(error: unknown): string[] {
  if (typeof error !== 'object' || error === null || !('message' in error)) return []
  return [String(error.message), ...('cause' in error ? messagesOf(error.cause) : [])]
}
