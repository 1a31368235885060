/** A managed server on a screen: what is wanted of it, what it is and how it is; what a command would do to it; who decided what. */
import type { Preview, Server, ServerHistory } from '../client/shapes.ts'
import { ago, moment } from '../screen/moment.ts'
import type { Page } from '../screen/page.ts'
import { type Tone, toneOf } from '../screen/paint.ts'
import type { Cell } from '../screen/table.ts'
import { plainFacts } from './facts.ts'
import { count, valueText } from './value.ts'

export const stateTone = (state: Server['state']): Tone =>
  state === 'running' ? 'good' : state === 'error' ? 'bad' : state === 'stopped' ? 'plain' : 'warn'

/** What is beyond its threshold; else the thresholds; nothing where nobody set one. */
function alertsCell({ alerts, config }: Server): Cell | null {
  if (alerts.length > 0) return { text: alerts.map(({ says }) => says).join('; '), tone: 'warn' }
  return Object.keys(config.alerts).length === 0 ? null : `none, beyond ${plainFacts(config.alerts)}`
}

export function drawServer(page: Page, server: Server, nowMs: number): void {
  const { name, displayName, state, stateSince, health, enabled, desired, run, failure, tools, config, restart } = server
  page.heading(name)
  page.fields([
    ['called', displayName === name ? null : displayName],
    ['about', config.description === '' ? null : config.description],
    [
      'situation',
      server.situation === 'retired' ? { text: `retired by ${server.retiredBy}: ${server.retiredReason}`, tone: 'warn' } : null,
    ],
    ['state', { text: `${state}, ${ago(stateSince, nowMs)}`, tone: stateTone(state) }],
    ['health', { text: healthText(server), tone: toneOf(health) }],
    ['facts', factsOfHealth(server.healthFacts)],
    [
      'may run',
      enabled ? 'yes' : { text: server.disabledBecause === 'failures' ? 'no: it failed too often' : 'no: it is disabled', tone: 'warn' },
    ],
    ['should run', desired === 'running' ? 'yes' : 'no'],
    ['restart', restart === null ? null : { text: `attempt ${restart.attempt}, due ${moment(restart.dueAt, nowMs)}`, tone: 'warn' }],
    ['failure', failure === null ? null : { text: `${failure.reason}: ${failure.says}`, tone: 'bad' }],
    ['program', addressOf(server)],
    ['directory', directoryOf(server)],
    ['approval', approvalText(server)],
    ['environment', environmentOf(server)],
    ['isolation', config.isolation],
    ['limits', Object.keys(config.limits).length === 0 ? null : plainFacts(config.limits)],
    ['process', run?.pid == null ? null : `${run.pid}, limits kept by ${run.limitedBy ?? 'nothing'}`],
    ['speaks', run?.protocolVersion == null ? null : `${run.protocolVersion} (${run.era}), as ${run.serverName} ${run.serverVersion}`],
    ['outdated', run?.outdated === true ? { text: 'the configuration has changed; the next run has the new one', tone: 'warn' } : null],
    ['tools', toolsText(tools)],
    ['alerts', alertsCell(server)],
    ['instructions', server.pendingInstructions === null ? null : { text: 'changed; nobody has approved them', tone: 'warn' }],
    ['starts', `${count(server.starts, 'start')}, ${count(server.failures, 'failure')}, of all time`],
    ['patience', patienceText(server)],
    ['last end', lastEndText(server.lastExit)],
    ['registered', `${moment(server.registeredAt, nowMs)} by ${server.registeredBy}`],
    ['id', server.id],
  ])
  if (failure?.stderrTail) {
    page.heading('What it wrote last')
    page.block(failure.stderrTail)
  }
  if (server.pendingInstructions !== null) {
    page.heading('What it tells every model now')
    page.block(server.pendingInstructions.told?.text ?? '(nothing any more)')
  }
}

/** Three facts, asked apart: a process may live and not speak, and speak and offer nothing. */
export function factsOfHealth(facts: Server['healthFacts']): Cell | null {
  if (facts === null) return null
  const { live, ready, capable } = facts
  return {
    text: `${live ? 'lives' : 'does not live'}, ${ready ? 'answers' : 'does not answer'}, ${capable ? 'lists what it offers' : 'does not list what it offers'}`,
    tone: live && ready ? (capable ? 'plain' : 'warn') : 'bad',
  }
}

/** How much of what it may fail is used up; nothing while nothing is. */
function patienceText({ failedStarts, crashes, config: { maxFailures, restartBudget } }: Server): Cell | null {
  if (failedStarts === 0 && crashes === 0) return null
  const used = failedStarts >= maxFailures || crashes >= restartBudget
  return {
    text: `${failedStarts} of ${maxFailures} failed starts in a row, ${crashes} of ${restartBudget} crashes`,
    tone: used ? 'bad' : 'warn',
  }
}

const endings = { asked: 'it was asked to', killed: 'it had to be killed', gone: 'by itself', closed: 'the connection was closed' } as const

function lastEndText(exit: Server['lastExit']): string | null {
  if (exit === null) return null
  const { how, code, signal } = exit
  return `${endings[how]}${code === null ? '' : `, code ${code}`}${signal === null ? '' : `, ${signal}`}`
}

function healthText({ health, healthFacts }: Server): string {
  const says = healthFacts?.says === undefined ? '' : `: ${healthFacts.says}`
  return `${health}${healthFacts?.responseMs === undefined ? '' : `, answers in ${healthFacts.responseMs} ms`}${says}`
}

export const toolsText = ({ offered, enabled, quarantined }: Server['tools']): Cell =>
  quarantined > 0
    ? { text: `${offered} offered, ${enabled} enabled, ${quarantined} wait for approval`, tone: 'warn' }
    : `${offered} offered, ${enabled} enabled`

function addressOf({ config: { transport } }: Server): string {
  return transport.kind === 'http' ? transport.url : [transport.command, ...transport.args.map(givenText)].join(' ')
}

/** What an approval of a program names, and nothing else: each argument by itself, so that a blank or a line break within one makes no two of it. */
export function drawProgram(page: Page, server: Server): void {
  const { transport } = server.config
  if (transport.kind !== 'stdio') return
  page.item('program: ', transport.command)
  for (const [index, arg] of transport.args.entries())
    page.item(`argument ${index + 1}${typeof arg === 'string' ? '' : ', a secret'}: `, givenText(arg))
  page.item('directory: ', directoryOf(server) ?? '')
}

/** Null: it is reached by an address. */
function directoryOf({ config: { transport } }: Server): string | null {
  return transport.kind === 'http' ? null : (transport.workingDirectory ?? 'the home of the account that Steward runs as')
}

/** References as references, so that nobody takes them for the value. */
const givenText = (given: string | Readonly<{ secret: string }>): string => (typeof given === 'string' ? given : `<${given.secret}>`)

function environmentOf({ config: { transport } }: Server): string | null {
  const given = transport.kind === 'stdio' ? transport.env : { ...transport.query, ...transport.headers }
  const all = Object.entries(given).map(([name, value]) => `${name}=${givenText(value)}`)
  return all.length === 0 ? null : all.join(', ')
}

function approvalText({ executable }: Server): Cell | null {
  if (executable === null || executable.verdict === 'allowed') return null
  if (executable.approved) return { text: 'approved by a person', tone: 'good' }
  return { text: `needed: ${executable.says}. It does not run before.`, tone: 'bad' }
}

/** The commands that lead on from how it is; none where it is well. */
export function whatToDoWith({
  name,
  situation,
  enabled,
  state,
  failure,
  executable,
  tools,
  pendingInstructions,
}: Server): readonly string[] {
  if (situation === 'retired') return [`steward server restore ${name}`]
  const waits = executable?.verdict === 'needs-approval' && !executable.approved
  return [
    ...(waits ? [`steward server approve ${name} --reason '...'`] : []),
    ...(state === 'error' && !waits ? [`steward server logs ${name}`, `steward server test ${name}`] : []),
    ...(failure?.reason === 'start-timeout' && state === 'error'
      ? [`steward server update ${name} --set startTimeoutMs=300000   (npx downloads what it has not yet)`]
      : []),
    ...(enabled ? [] : [`steward server enable ${name}`]),
    ...(enabled && state === 'error' && !waits ? [`steward server restart ${name}`] : []),
    ...(enabled && state === 'maintenance' ? [`steward server maintenance ${name} --leave`] : []),
    ...(tools.quarantined > 0 ? [`steward tool list --server ${name} --state quarantined`] : []),
    ...(pendingInstructions === null ? [] : [`steward server approve ${name} --instructions --reason '...'`]),
  ]
}

/** What would be recorded and changed, or why it would be refused. */
export function drawPreview(page: Page, { wouldRecord, changes, refusal }: Preview): void {
  if (refusal !== null) {
    const facts = Object.keys(refusal.facts).length === 0 ? '' : ` (${plainFacts(refusal.facts)})`
    page.item('Would be refused: ', `${refusal.code}. ${refusal.message}${facts}`, 'bad')
    return
  }
  if (wouldRecord.length === 0) page.item('Would change nothing: ', 'everything is already so', 'dim')
  for (const { type } of wouldRecord) page.item('Would record: ', type, 'accent')
  drawChanges(page, changes)
}

export function drawChanges(page: Page, changes: Preview['changes'], indent = '  '): void {
  for (const { field, from, to } of changes) page.item(`${indent}${field}: `, `${changeText(from)} -> ${changeText(to)}`)
}

const changeText = (value: unknown): string => (value === null || value === undefined ? '(nothing)' : valueText(value))

/** What the API records for who gave none. */
const NO_REASON = 'none given'

export function drawHistory(page: Page, items: ServerHistory['items'], nowMs: number): void {
  if (items.length === 0) page.text('Nobody decided anything about it.', 'dim')
  for (const { type, at, by, reason, tool, changes, commandId, position } of items) {
    const about = tool === null ? '' : ` ${tool}`
    page.item(`${moment(at, nowMs)}  `, `${type}${about} by ${by}${reason === null || reason === NO_REASON ? '' : `: ${reason}`}`, 'dim')
    drawChanges(page, changes, '      ')
    page.item('      ', { text: `position ${position}${commandId === null ? '' : `, command ${commandId}`}`, tone: 'dim' })
  }
}
