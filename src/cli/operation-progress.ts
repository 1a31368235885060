/**
 * Waits for the end of an operation, and shows on standard error how far it is: a bar on a terminal, otherwise a line whenever something has
 * changed. What the end means to a shell is decided here too: only a whole success is 0.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { forTerminal } from '../domain/text/terminal.ts'
import type { StewardClient } from './client/client.ts'
import { kinds, pathOf } from './client/references.ts'
import type { Operation } from './client/shapes.ts'
import { type ExitCode, exitCode } from './exit-code.ts'
import { duration } from './screen/moment.ts'
import { textWidth } from './screen/text-width.ts'
import type { Session } from './session.ts'

const FIRST_LOOK_MS = 100
const LATER_LOOK_MS = 1_000

/** `position`: where it was recorded, so that the first look finds it. */
export async function endOfOperation(
  { out, signal, context: { stderr, nowMs } }: Session,
  client: StewardClient,
  id: string,
  { position, what }: Readonly<{ position?: string; what: string }>,
): Promise<Operation> {
  const path = pathOf(kinds.operation, id)
  const beganMs = nowMs()
  const live = stderr.isTTY === true && !out.json
  let shown = ''
  let operation = await client.get<Operation>(path, position === undefined ? {} : { min_position: position })
  for (let pauseMs = FIRST_LOOK_MS; isOpen(operation); pauseMs = Math.min(pauseMs * 2, LATER_LOOK_MS)) {
    const next = progressText(operation, what)
    if (live) {
      const room = Math.max(20, (stderr.columns ?? 80) - 1)
      const line = cut(`${forTerminal(next)}  ${duration(nowMs() - beganMs)}`, room)
      stderr.write(`\r${line}${' '.repeat(Math.max(0, room - textWidth(line)))}`)
    } else if (operation.progress !== null && next !== shown && !out.json) out.note(next)
    shown = next
    await delay(pauseMs, undefined, { signal })
    operation = await client.get<Operation>(path)
  }
  if (live && shown !== '') stderr.write(`\r${' '.repeat(Math.max(20, (stderr.columns ?? 80) - 1))}\r`)
  return operation
}

const isOpen = ({ state }: Operation): boolean => state === 'running' || state === 'cancelling'

const BAR_CELLS = 20

export function barOf({ total, completed }: Readonly<{ total: number; completed: number }>): string {
  const filled = total === 0 ? 0 : Math.floor((completed / total) * BAR_CELLS)
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR_CELLS - filled)}]`
}

/** A bar needs to know how much there is; without that, what is known is how long it has been going on. */
function progressText({ progress, state }: Operation, what: string): string {
  if (progress === null) return what
  const { total, completed, failed, unknown, current } = progress
  const bad = [...(failed > 0 ? [`${failed} failed`] : []), ...(unknown > 0 ? [`${unknown} unknown`] : [])]
  const [now] = current
  const others = current.length > 1 ? ` and ${current.length - 1} more` : ''
  return [
    `${barOf({ total, completed })} ${completed}/${total}`,
    ...bad,
    ...(state === 'cancelling' ? ['cancelled'] : []),
    ...(now === undefined ? [] : [`now ${now}${others}`]),
  ].join(', ')
}

const cut = (text: string, width: number): string => (textWidth(text) <= width ? text : `${[...text].slice(0, width - 1).join('')}…`)

/** 3: some of it was done. */
export function exitCodeOf({ state, progress }: Pick<Operation, 'state' | 'progress'>): ExitCode {
  switch (state) {
    case 'succeeded':
    case 'running':
    case 'cancelling':
      return exitCode.ok
    case 'partly':
      return exitCode.partial
    case 'cancelled':
      return (progress?.succeeded ?? 0) > 0 ? exitCode.partial : exitCode.failure
    case 'failed':
      return exitCode.failure
  }
}
