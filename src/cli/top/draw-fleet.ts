/**
 * A picture of the fleet as lines: a head that says how old it is, the table, the alerts. What does not fit is left out by rank - first columns, then
 * alerts, then servers, and those with trouble stand first. Everything goes through a page, so nothing unsanitised gets out.
 */
import { forTerminal } from '../../domain/text/terminal.ts'
import { duration, localTime, shortDuration } from '../screen/moment.ts'
import { createPage, type Page } from '../screen/page.ts'
import type { Paint, Tone } from '../screen/paint.ts'
import { toneOf } from '../screen/paint.ts'
import { type Cell, type Column, cellOf, tableWidth } from '../screen/table.ts'
import { stateTone } from '../views/server.ts'
import { count, sizeText } from '../views/value.ts'
import type { Alert, CallFigures, FleetPicture, PicturedServer } from './fleet-picture.ts'
import type { Severity } from './trouble.ts'
import type { Look } from './watch-fleet.ts'

export type DrawOptions = Readonly<{
  paint: Paint
  nowMs: number
  /** Undefined: lines are as long as they are. */
  width: number | undefined
}>

/** For a pipe, or a paper: everything. */
export function drawWholeFleet(look: Look, { paint, nowMs, width }: DrawOptions): readonly string[] {
  const page = createPage({ width, paint })
  drawHead(page, look, nowMs)
  page.blank()
  drawServers(page, look, { width, first: 0, most: look.picture.servers.length })
  drawAlerts(page, look.picture, { nowMs, most: look.picture.alerts.length })
  return page.lines
}

export type ScreenOptions = Omit<DrawOptions, 'width'> &
  Readonly<{
    columns: number
    rows: number
    /** The first server that is shown. */
    first: number
    footer: string
  }>

/** So many alerts take their place from servers; more of them only what servers leave. */
const MOST_ALERTS = 5
const LEAST_SERVERS = 4
/** A blank line, what the alerts are, and the head of their table. */
const OVER_ALERTS = 3
/** On a lower terminal servers are worth more than the machine. */
const LOW = 16

/** For a terminal: as many lines as it has. `first`: where it stands, which may be less far down than was asked for. */
export function drawFleetScreen(
  look: Look,
  { paint, nowMs, columns, rows, first, footer }: ScreenOptions,
): Readonly<{ lines: readonly string[]; first: number }> {
  const { servers, alerts } = look.picture
  const page = createPage({ width: columns, paint })
  drawHead(page, look, nowMs, { short: rows < LOW })
  if (rows >= LOW) page.blank()
  // The head of the table and the footer are always there.
  const room = Math.max(1, rows - page.lines.length - 2)
  const claimed = Math.min(MOST_ALERTS, room - OVER_ALERTS - Math.min(servers.length, LEAST_SERVERS))
  const left = room - OVER_ALERTS - Math.max(1, servers.length)
  const forAlerts = Math.max(0, Math.min(alerts.length, Math.max(claimed, left)))
  const most = forAlerts === 0 ? room : room - forAlerts - OVER_ALERTS
  const from = Math.max(0, Math.min(first, servers.length - most))
  drawServers(page, look, { width: columns, first: from, most })
  drawAlerts(page, look.picture, { nowMs, most: forAlerts })
  const lines = page.lines.slice(0, Math.max(0, rows - 1))
  while (lines.length < rows - 1) lines.push('')
  const place = servers.length > most ? `servers ${from + 1} to ${Math.min(servers.length, from + most)} of ${servers.length}  ·  ` : ''
  const foot = createPage({ width: columns, paint })
  foot.line('', { text: `${place}${footer}`, tone: 'dim' })
  return { lines: [...lines, ...foot.lines], first: from }
}

function drawHead(page: Page, { picture, away }: Look, nowMs: number, { short = false } = {}): void {
  const { url, timestamp, steward, system, totals } = picture
  const at = localTime(timestamp).slice(-'10:30:00'.length)
  if (away === undefined) page.line('steward top ', { text: `${at}  ·  ${url}`, tone: 'plain' }, 'strong')
  else
    page.line('STALE ', { text: `picture of ${at}, for ${duration(Math.max(0, nowMs - away.sinceMs))}: ${away.says}`, tone: 'bad' }, 'bad')
  const inTrouble = totals.inTrouble > 0 ? `, ${totals.inTrouble} in trouble` : ''
  page.line('Servers ', {
    text: `${totals.servers}, ${totals.running} running${inTrouble}  ·  ${callsText(totals)}`,
    tone: toneWhen(totals.inTrouble > 0, 'warn'),
  })
  if (short) return
  const machine =
    system === null ? '' : `  ·  machine: processor ${Math.round(system.cpuPercent)} %, memory ${Math.round(system.memoryPercent)} %`
  page.line('Steward ', {
    text: `${steward.version}, ${steward.status}, up ${duration(steward.uptimeSeconds * 1_000)}${machine}`,
    tone: toneWhen(steward.status !== 'healthy', 'warn'),
  })
}

const toneWhen = (condition: boolean, tone: Tone): Tone => (condition ? tone : 'plain')

const callsText = ({ callsPerMinute, errorRate, p95Ms }: CallFigures): string =>
  [
    `${perMinute(callsPerMinute)} calls/min`,
    ...(errorRate === null ? [] : [`${share(errorRate)} errors`]),
    ...(p95Ms === null ? [] : [`P95 ${milliseconds(p95Ms)}`]),
  ].join(', ')

/** `drop`: which goes first when they do not all fit; those without a number stay. */
type FleetColumn = Column & Readonly<{ drop?: number; cell: (server: PicturedServer) => Cell }>

const NOTHING: Cell = { text: '-', tone: 'dim' }
const LEAST_NAME = 12
/** Of its memory limit: soon the kernel ends it. */
const NEARLY = 0.9

const columns: readonly FleetColumn[] = [
  { head: 'SERVER', kind: 'text', cell: ({ name }) => name },
  { head: 'STATE', cell: ({ state }) => ({ text: state, tone: stateTone(state) }) },
  { head: 'HEALTH', cell: ({ health, state }) => (state === 'stopped' ? NOTHING : { text: health, tone: toneOf(health) }) },
  { head: 'WANTED', drop: 4, cell: wanted },
  {
    head: 'UP',
    align: 'right',
    cell: ({ uptimeSeconds }) => (uptimeSeconds === null ? NOTHING : shortDuration(uptimeSeconds * 1_000)),
  },
  {
    head: 'RESTARTS',
    align: 'right',
    drop: 5,
    cell: ({ restarts, crashes, restartBudget }) => ({
      text: String(restarts),
      tone: crashes === 0 ? 'plain' : crashes >= restartBudget ? 'bad' : 'warn',
    }),
  },
  { head: 'CALLS/MIN', align: 'right', drop: 6, cell: ({ callsPerMinute }) => perMinute(callsPerMinute) },
  {
    head: 'ERRORS',
    align: 'right',
    cell: ({ errorRate, troubles }) =>
      errorRate === null ? NOTHING : { text: share(errorRate), tone: toneWhen(has(troubles, 'many-errors'), 'bad') },
  },
  {
    head: 'P95',
    align: 'right',
    cell: ({ p95Ms, troubles }) => (p95Ms === null ? NOTHING : { text: milliseconds(p95Ms), tone: toneWhen(has(troubles, 'slow'), 'bad') }),
  },
  {
    head: 'MEMORY',
    align: 'right',
    drop: 8,
    cell: ({ memoryBytes, memoryLimitBytes }) =>
      memoryBytes === null
        ? NOTHING
        : { text: sizeText(memoryBytes), tone: toneWhen(memoryLimitBytes !== null && memoryBytes > NEARLY * memoryLimitBytes, 'warn') },
  },
  {
    head: 'CPU',
    align: 'right',
    drop: 7,
    cell: ({ cpuPercent }) => (cpuPercent === null ? NOTHING : `${cpuPercent < 10 ? cpuPercent.toFixed(1) : Math.round(cpuPercent)} %`),
  },
  {
    head: 'LIMIT',
    align: 'right',
    drop: 2,
    cell: ({ memoryLimitBytes }) => (memoryLimitBytes === null ? NOTHING : sizeText(memoryLimitBytes)),
  },
  { head: 'KEPT BY', drop: 1, cell: ({ limitsMethod }) => limitsMethod ?? NOTHING },
]

/** What people want of it: whether it may run, and whether it should. */
function wanted({ enabled, desired, state, troubles }: PicturedServer): Cell {
  if (!enabled) return { text: 'off', tone: has(troubles, 'disabled-by-failures') ? 'bad' : 'dim' }
  if (state === 'maintenance') return { text: 'pause', tone: 'warn' }
  return desired === 'running' ? 'run' : 'stop'
}

const has = (troubles: PicturedServer['troubles'], rule: string): boolean => troubles.some((each) => each.rule === rule)

type Part = Readonly<{ width: number | undefined; first: number; most: number }>

function drawServers(page: Page, { picture, away }: Look, { width, first, most }: Part): void {
  const rows = picture.servers.slice(first, first + most)
  // All of them have a say in what fits, so that scrolling does not change the columns.
  const shown = width === undefined ? columns : fitting(picture.servers, width)
  page.table(
    shown,
    rows.map((server) =>
      shown.map(({ cell }) => {
        const { text, tone } = cellOf(cell(server))
        return { text, tone: away === undefined ? tone : 'dim' }
      }),
    ),
    'There is no server here. `steward server add --help` tells how to add one.',
  )
}

function fitting(servers: readonly PicturedServer[], width: number): readonly FleetColumn[] {
  let left = columns
  for (;;) {
    const rows = servers.map((server) => left.map((column, index) => safe(column.cell(server), index === 0 ? LEAST_NAME : undefined)))
    const next = left.filter(({ drop }) => drop !== undefined).toSorted((a, b) => (a.drop ?? 0) - (b.drop ?? 0))[0]
    if (next === undefined || tableWidth(left, rows) <= width) return left
    left = left.filter((column) => column !== next)
  }
}

/** Names give way before columns do. */
function safe(cell: Cell, most: number | undefined): Cell {
  const text = forTerminal(cellOf(cell).text)
  return most === undefined ? text : text.slice(0, most)
}

const severityTone: Readonly<Record<Severity, Tone>> = { critical: 'bad', error: 'bad', warning: 'warn' }

function drawAlerts(page: Page, { alerts }: FleetPicture, { nowMs, most }: Readonly<{ nowMs: number; most: number }>): void {
  if (alerts.length === 0 || most === 0) return
  const now = alerts.filter(({ kind }) => kind === 'now').length
  page.blank()
  page.heading(`${now === 0 ? 'Nothing is wrong now' : `${count(now, 'thing')} wrong now`}, ${alerts.length - now} told before`)
  page.table(
    alertColumns,
    alerts.slice(0, most).map((alert) => alertRow(alert, nowMs)),
    '',
  )
}

const alertColumns: readonly Column[] = [
  { head: 'SINCE', align: 'right' },
  { head: 'SERVER', kind: 'text' },
  { head: 'ALERT', kind: 'text' },
]

function alertRow({ severity, server, says, at, kind, times }: Alert, nowMs: number): readonly Cell[] {
  const tone = kind === 'past' ? 'dim' : severityTone[severity]
  const since = at === null ? '-' : shortDuration(nowMs - Date.parse(at))
  return [
    { text: since, tone: 'dim' },
    { text: server ?? '(Steward)', tone },
    { text: times === 1 ? says : `${times} times: ${says}`, tone },
  ]
}

const share = (part: number): string =>
  part > 0 && part < 0.001 ? '<0.1 %' : `${(part * 100).toFixed(part < 0.0995 && part > 0 ? 1 : 0)} %`
const milliseconds = (ms: number): string =>
  ms < 1_000 ? `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`
const perMinute = (rate: number): string =>
  rate === 0 ? '0' : rate < 0.1 ? '<0.1' : rate < 100 ? rate.toFixed(1) : String(Math.round(rate))
