/**
 * `steward top`: the fleet live. On a terminal a screen that redraws itself; in a pipe one picture after the other, without any escape code; with
 * `--json` a line of JSON for each; with `--once` a single picture as JSON.
 */
import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Analytics } from '../client/shapes.ts'
import { usageError } from '../exit-code.ts'
import { openFullScreen } from '../screen/full-screen.ts'
import { jsonText } from '../screen/json-text.ts'
import { createOutput } from '../screen/output.ts'
import { paintFor } from '../screen/paint.ts'
import type { Session } from '../session.ts'
import { createDoorbell, type Doorbell } from './doorbell.ts'
import { drawFleetScreen, drawWholeFleet } from './draw-fleet.ts'
import type { FleetPicture } from './fleet-picture.ts'
import { lookAtFleet } from './look.ts'
import { type Look, watchFleet } from './watch-fleet.ts'

export type TopFlags = Readonly<{
  once?: boolean
  /** Seconds. */
  interval: number
  period: Analytics['period']
  output?: string
  limit?: number
}>

/** Takes each picture; the owner closes it. */
type Keeper = AsyncDisposable & Readonly<{ keep: (picture: FleetPicture) => Promise<void> }>

export async function top(session: Session, flags: TopFlags): Promise<void> {
  const { out, context } = session
  await using file = await keeperOf(session, flags.output)
  if (flags.once === true) {
    const picture = await lookAtFleet(await session.api(), { period: flags.period, nowMs: context.nowMs })
    await file.keep(picture)
    if (flags.output === undefined) createOutput(context, { json: true }).show(picture, () => undefined)
    return
  }
  const { stdout, env } = context
  const isScreen = stdout.isTTY === true && env['TERM'] !== 'dumb' && !out.json
  await (isScreen ? onScreen(session, flags, file) : inLines(session, flags, file))
}

async function keeperOf({ context: { cwd } }: Session, output: string | undefined): Promise<Keeper> {
  if (output === undefined) return { keep: async () => undefined, [Symbol.asyncDispose]: async () => undefined }
  const path = resolve(cwd, output)
  const file = await open(path, 'a', 0o600).catch((error: unknown) => {
    throw usageError(`--output: ${path} cannot be written (${error instanceof Error && 'code' in error ? String(error.code) : 'unknown'})`)
  })
  return {
    keep: (picture) => file.appendFile(`${jsonText(picture, 0)}\n`),
    [Symbol.asyncDispose]: () => file.close(),
  }
}

/** Pictures and what became of them, each once kept, until there were enough of them. */
async function* looks(session: Session, flags: TopFlags, file: Keeper, bell: Doorbell, signal: AbortSignal): AsyncGenerator<Look> {
  const { url, key, warnings } = await session.credentials()
  for (const warning of warnings) session.out.note(`warning: ${warning}`, 'warn')
  const { period, interval, limit = Number.POSITIVE_INFINITY } = flags
  let left = limit
  const watched = { url, key, period, bell, signal, intervalMs: interval * 1_000, nowMs: session.context.nowMs }
  for await (const look of watchFleet(watched)) {
    if (look.away === undefined) await file.keep(look.picture)
    yield look
    left -= 1
    if (left <= 0) return
  }
}

async function inLines(session: Session, flags: TopFlags, file: Keeper): Promise<void> {
  const { out, signal, context } = session
  const paint = paintFor(context.stdout, context.env)
  let wasAway = false
  for await (const look of looks(session, flags, file, createDoorbell(), signal)) {
    if (look.away !== undefined && !wasAway) out.note(`${look.away.says}; trying again`, 'warn')
    wasAway = look.away !== undefined
    if (wasAway) continue
    if (out.json) out.stream(look.picture, () => undefined)
    else context.stdout.write(`${drawWholeFleet(look, { paint, nowMs: context.nowMs(), width: out.width }).join('\n')}\n\n`)
  }
}

/** So often, ages on the screen move on. */
const TICK_MS = 1_000

async function onScreen(session: Session, flags: TopFlags, file: Keeper): Promise<void> {
  const { signal, context } = session
  const { stdin, stdout, env, nowMs } = context
  const paint = paintFor(stdout, env)
  const bell = createDoorbell()
  const left = new AbortController()
  const ending = AbortSignal.any([signal, left.signal])
  let look: Look | undefined
  let first = 0

  const pictures = looks(session, flags, file, bell, ending)
  // Before the terminal is taken: what fails at once is told on the screen one knows.
  const begun = await pictures.next()
  if (begun.done === true) return
  look = begun.value

  using screen = openFullScreen(
    { stdin, stdout },
    {
      onKey: (key) => {
        pressed(key)
        draw()
      },
      onRedraw: () => draw(),
      onHangUp: () => left.abort(),
    },
  )
  // At once, and not when this function gets to its end: a second signal ends the process where it stands.
  ending.addEventListener('abort', () => screen[Symbol.dispose](), { once: true })
  const ticking = setInterval(() => draw(), TICK_MS)
  try {
    draw()
    for await (const next of pictures) {
      look = next
      draw()
    }
  } finally {
    clearInterval(ticking)
  }

  function draw(): void {
    if (look === undefined) return
    const { columns, rows } = screen.size
    const keys = screen.hasKeys ? 'q quit, space look now, arrows scroll' : 'Ctrl-C ends'
    const footer = `${keys}  ·  every ${flags.interval} s, calls of the last ${flags.period}`
    const drawn = drawFleetScreen(look, { paint, nowMs: nowMs(), columns, rows, first, footer })
    first = drawn.first
    screen.paint(drawn.lines)
  }

  function pressed(key: string): void {
    const page = Math.max(1, screen.size.rows - 10)
    if (ENDS.has(key)) left.abort()
    else if (key === ' ' || key === 'r') bell.ring()
    else if (key === '\x0c') screen.forget()
    else first = Math.max(0, first + (steps(page).get(key) ?? 0))
  }
}

/** Ctrl-C and Ctrl-D come as keys here. */
const ENDS: ReadonlySet<string> = new Set(['q', 'Q', '\x03', '\x04'])

/** How far a key moves. */
const steps = (page: number): ReadonlyMap<string, number> =>
  new Map([
    ...['\x1b[A', '\x1bOA', 'k'].map((key) => [key, -1] as const),
    ...['\x1b[B', '\x1bOB', 'j'].map((key) => [key, 1] as const),
    ['\x1b[5~', -page],
    ['\x1b[6~', page],
    ...['\x1b[H', '\x1bOH', '\x1b[1~', 'g'].map((key) => [key, Number.NEGATIVE_INFINITY] as const),
    ...['\x1b[F', '\x1bOF', '\x1b[4~', 'G'].map((key) => [key, Number.POSITIVE_INFINITY] as const),
  ])
