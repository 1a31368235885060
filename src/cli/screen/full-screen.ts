/**
 * A whole terminal for one program: drawn over and over, given back as it was. It is given back once and in every case - at the end, at an error, at a
 * signal - because a shell in the alternate screen without echo is worse than any picture is good.
 */
import type { InputStream, OutputStream } from '../context.ts'

const ESC = '\x1b'
const ENTER = `${ESC}[?1049h${ESC}[?25l${ESC}[H${ESC}[2J`
const LEAVE = `${ESC}[?25h${ESC}[?1049l`
const toRow = (row: number): string => `${ESC}[${row};1H`
const TO_END_OF_LINE = `${ESC}[K`
const BELOW = `${ESC}[J`

/** A key as a terminal sends it: an escape sequence, or a character. */
const KEYS = new RegExp(`${ESC}(?:\\[[0-9;]*[A-Za-z~]|O[A-Z])|[^]`, 'gu')

export interface FullScreen extends Disposable {
  /** Whether keys come in; otherwise only signals end it. */
  readonly hasKeys: boolean
  readonly size: Readonly<{ columns: number; rows: number }>
  /** Each line fits the width and passed the sanitiser. What has not changed since is not sent again. */
  paint(lines: readonly string[]): void
  /** The next `paint` sends everything: somebody else wrote on this terminal. */
  forget(): void
}

export type FullScreenEvents = Readonly<{
  onKey: (key: string) => void
  /** The terminal has another size, or takes more again. */
  onRedraw: () => void
  /** Nobody sits there any more. */
  onHangUp: () => void
}>

export function openFullScreen(
  { stdin, stdout }: Readonly<{ stdin: InputStream; stdout: OutputStream }>,
  { onKey, onRedraw, onHangUp }: FullScreenEvents,
): FullScreen {
  const hasKeys = stdin.isTTY === true && stdin.setRawMode !== undefined
  let shown: readonly string[] = []
  // A slow line must not pile up pictures that are old when they arrive.
  let isFull = false
  let isOpen = true

  const typed = (chunk: Buffer | string): void => {
    for (const [key] of String(chunk).matchAll(KEYS)) onKey(key)
  }
  const resized = (): void => {
    shown = []
    stdout.write(`${ESC}[2J`)
    onRedraw()
  }
  const drained = (): void => {
    isFull = false
    onRedraw()
  }

  stdout.write(ENTER)
  stdout.on('resize', resized)
  stdout.on('drain', drained)
  if (hasKeys) {
    stdin.setRawMode?.(true)
    stdin.on('data', typed)
    stdin.on('end', onHangUp)
  }

  return {
    hasKeys,
    get size() {
      return { columns: stdout.columns || 80, rows: stdout.rows || 24 }
    },
    paint(lines) {
      if (!isOpen || isFull) return
      const changed = lines.flatMap((line, index) => (line === shown[index] ? [] : [`${toRow(index + 1)}${line}${TO_END_OF_LINE}`]))
      const rest = lines.length < shown.length ? `${toRow(lines.length + 1)}${BELOW}` : ''
      shown = [...lines]
      if (changed.length === 0 && rest === '') return
      isFull = !stdout.write(changed.join('') + rest)
    },
    forget() {
      shown = []
    },
    [Symbol.dispose]() {
      if (!isOpen) return
      isOpen = false
      stdout.off('resize', resized)
      stdout.off('drain', drained)
      if (hasKeys) {
        stdin.off('data', typed)
        stdin.off('end', onHangUp)
        stdin.setRawMode?.(false)
        stdin.pause()
      }
      stdout.write(LEAVE)
    },
  }
}
