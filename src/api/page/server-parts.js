/** The parts of the view of one server: how it is, how it is set up, what it wrote at its end, who decided what. Each is drawn of what the API says. */
import { drawChanges } from './command.js'
import { block, el, outside } from './dom.js'
import { wanted } from './fleet-table.js'
import { bytes, chip, clock, count, milliseconds, NOTHING, share, since, spelled, who } from './words.js'

/** @typedef {import('./shapes.d.ts').Server} Server */
/** @typedef {import('./dom.js').Child} Child */

/** Names and what they are; what there is nothing to say of is left out. @param {readonly (readonly [string, Child])[]} facts */
const facts = (facts) =>
  el(
    'dl',
    { class: 'facts' },
    ...facts.flatMap(([name, value]) =>
      value === null || value === undefined || value === '' ? [] : [el('dt', {}, name), el('dd', {}, value)],
    ),
  )

/** @param {Server} server */
export function drawStanding(server) {
  const { state, stateSince, health, healthFacts, restart, run, lastExit, failedStarts, crashes, starts, failures, config, executable } =
    server
  return facts([
    ['Wanted', wanted(server)],
    ['State', [chip(state), ' ', since(stateSince)]],
    ['Health', [chip(health), healthFacts === null ? '' : ` ${healthText(healthFacts)}`]],
    ['Restart', restart === null ? null : [`attempt ${restart.attempt}, `, since(restart.dueAt)]],
    [
      'Program',
      executable === null || executable.verdict === 'allowed'
        ? null
        : executable.approved
          ? 'approved by a person'
          : chip(`needs an approval: ${executable.says ?? ''}`, 'bad'),
    ],
    ['Process', run === null || run.pid === null ? null : `${run.pid}, limits kept by ${run.limitedBy ?? 'nothing'}`],
    [
      'Runs',
      run === null || run.runningSince === null
        ? null
        : ['since ', since(run.runningSince), `, started in ${milliseconds(run.startedInMs)}`],
    ],
    [
      'Speaks',
      run === null || run.protocolVersion === null
        ? null
        : [`${run.protocolVersion} (${run.era}), as `, outside(`${run.serverName} ${run.serverVersion}`)],
    ],
    ['Outdated', run?.outdated === true ? chip('the configuration has changed; the next run has the new one', 'warn') : null],
    [
      'Patience',
      failedStarts + crashes === 0
        ? null
        : `${failedStarts} of ${config.maxFailures} failed starts in a row, ${crashes} of ${config.restartBudget} crashes`,
    ],
    ['Of all time', `${count(starts, 'start')}, ${count(failures, 'failure')}`],
    ['Last end', lastExit === null ? null : endText(lastExit)],
  ])
}

/** @param {NonNullable<Server['healthFacts']>} facts */
function healthText({ live, ready, capable, responseMs, says }) {
  const told = `${live ? 'lives' : 'does not live'}, ${ready ? 'answers' : 'does not answer'}, ${capable ? 'lists what it offers' : 'does not list what it offers'}`
  return `${told}${responseMs === undefined ? '' : `, in ${milliseconds(responseMs)}`}${says === undefined ? '' : `: ${says}`}`
}

const endings = { asked: 'it was asked to', killed: 'it had to be killed', gone: 'by itself', closed: 'the connection was closed' }

/** @param {NonNullable<Server['lastExit']>} exit */
const endText = ({ how, code, signal }) => `${endings[how]}${code === null ? '' : `, code ${code}`}${signal === null ? '' : `, ${signal}`}`

/** @param {NonNullable<Server['failure']>} failure */
export const drawFailure = ({ reason, says, stderrTail, at }) => [
  el('p', { class: 'bad' }, `${reason}: `, outside(says), ', ', since(at)),
  stderrTail === null
    ? el('p', { class: 'quiet' }, 'What it wrote is shown to those who may see logs.')
    : stderrTail === ''
      ? el('p', { class: 'quiet' }, 'It wrote nothing.')
      : [el('h3', {}, 'What it wrote last'), block(stderrTail, 'end of its error stream')],
]

/** References as references, so that nobody takes them for the value. @param {string | Readonly<{ secret: unknown }>} given */
const given = (given) => (typeof given === 'string' ? given : `<${given.secret}>`)

/** What is started, or asked. @param {Pick<Server, 'config'>} server */
export const commandText = ({ config: { transport } }) =>
  transport.kind === 'stdio'
    ? [transport.command, ...transport.args.map(given)].join(' ')
    : `${transport.url}${transport.pathEnd === undefined ? '' : given(transport.pathEnd)}`

/** Argument by argument: a blank in one makes no two of it. @param {Pick<Server, 'config'>} server */
export function drawArgv({ config: { transport } }) {
  if (transport.kind !== 'stdio') return null
  const { command, args, workingDirectory } = transport
  return [
    el('ul', { class: 'argv' }, ...[command, ...args.map(given)].map((each) => el('li', {}, el('code', {}, outside(each))))),
    el(
      'p',
      {},
      workingDirectory === undefined
        ? 'Directory: the home of the account that Steward runs as.'
        : ['Directory: ', el('code', {}, outside(workingDirectory))],
    ),
  ]
}

/** @param {Readonly<Record<string, string | Readonly<{ secret: unknown }>>>} all */
const givens = (all) =>
  Object.entries(all)
    .map(([name, value]) => `${name}=${given(value)}`)
    .join('\n')

/** @param {Server} server */
export function drawConfig({ config, registeredBy, registeredAt, changedBy, changedAt, id }) {
  const { transport, limits, toolPolicy } = config
  const { memoryBytes, cpuCores, processes, openFiles } = limits
  const kept = [
    memoryBytes === undefined ? '' : `${bytes(memoryBytes)} of memory`,
    cpuCores === undefined ? '' : `${cpuCores} cores`,
    processes === undefined ? '' : count(processes, 'process', 'processes'),
    openFiles === undefined ? '' : count(openFiles, 'open file'),
  ].filter((each) => each !== '')
  return facts([
    ['About', config.description],
    ...(transport.kind === 'stdio'
      ? /** @type {const} */ ([
          ['Command', el('code', {}, commandText({ config }))],
          ['Directory', transport.workingDirectory],
          ['Variables', Object.keys(transport.env).length === 0 ? '' : block(givens(transport.env), 'variables')],
        ])
      : /** @type {const} */ ([
          ['Address', el('code', {}, commandText({ config }))],
          ['Query', Object.keys(transport.query).length === 0 ? '' : block(givens(transport.query), 'query')],
          ['Headers', Object.keys(transport.headers).length === 0 ? '' : block(givens(transport.headers), 'headers')],
        ])),
    [
      'Starts',
      `${config.autoStart ? 'by itself' : 'when asked to'}; ${config.autoRestart ? 'again after a crash' : 'not again after a crash'}`,
    ],
    [
      'Isolation',
      config.isolation === 'shared'
        ? 'shared: one child for all clients'
        : `session: a child for each client, ${config.maxSessions} at most`,
    ],
    ['Limits', kept.length === 0 ? 'none' : kept.join(', ')],
    [
      'Time-outs',
      `start ${milliseconds(config.startTimeoutMs)}, call ${milliseconds(config.callTimeoutMs)}, stop ${milliseconds(config.stopGraceMs)}`,
    ],
    ['Looked at', `every ${milliseconds(config.healthEveryMs)}`],
    [
      'New definitions',
      { 'changed-and-new': 'changed and new tools wait', changed: 'changed tools wait', nothing: 'nothing waits' }[toolPolicy.quarantine],
    ],
    ['Arguments', toolPolicy.recordArguments ? 'kept with calls' : 'not kept'],
    ['Registered', [since(registeredAt), ' by ', outside(who(registeredBy))]],
    ['Changed', changedAt === registeredAt ? null : [since(changedAt), ' by ', outside(who(changedBy))]],
    ['Id', el('code', {}, id)],
  ])
}

/** @param {import('./shapes.d.ts').ServerUsage} usage */
export const drawUsage = ({ calls, errors, p50Ms, p95Ms, p99Ms, cancelled, refused, bypassed, uptime }) =>
  facts([
    ['Calls', String(calls)],
    ['Errors', calls === 0 ? NOTHING : `${errors} (${share(errors / calls)})`],
    ['P50, P95, P99', p50Ms === null ? NOTHING : [p50Ms, p95Ms, p99Ms].map(milliseconds).join(', ')],
    ['Never sent', refused + bypassed === 0 ? null : `${refused} refused, ${bypassed} answered with an empty result`],
    ['Cancelled', cancelled === 0 ? null : String(cancelled)],
    ['Up', uptime === null ? NOTHING : share(uptime)],
  ])

/** @param {Server} server */
export const drawInstructions = ({ instructions, pendingInstructions }) => [
  pendingInstructions !== null && [
    el('p', { class: 'bad' }, 'It tells something else now, and nobody has approved it:'),
    block(pendingInstructions.told?.text ?? '(nothing any more)', 'what it tells now'),
  ],
  instructions === null ? el('p', { class: 'quiet' }, 'Nothing that was approved.') : block(instructions.text, 'what was approved'),
]

/** @param {import('./shapes.d.ts').HistoryEntry} entry @param {Child} undo */
export const drawHistoryEntry = ({ type, at, by, reason, tool, changes }, undo) => [
  el(
    'div',
    {},
    since(at),
    ' ',
    el('strong', {}, spelled(type)),
    tool !== null && [' ', outside(tool)],
    ' by ',
    outside(who(by)),
    reason !== null && [': ', outside(reason)],
    undo,
  ),
  changes.length > 0 && drawChanges(changes),
]

/** @param {import('./shapes.d.ts').StewardEvent} event @param {string} severity @param {Child} [about] */
export const drawEventLine = ({ type, recordedAt, metadata, data, withheld = [] }, severity, about) => [
  el('span', { class: 'when' }, clock(recordedAt)),
  el('span', {}, chip(severity)),
  el('span', { class: 'type' }, type),
  about !== undefined && el('span', { class: 'about' }, about),
  el('span', { class: 'quiet' }, outside(who(metadata.actor))),
  el(
    'details',
    { 'data-key': 'data' },
    el('summary', {}, 'Data'),
    withheld.length > 0 && el('p', { class: 'quiet' }, `Without what this key may not see: ${withheld.join(', ')}.`),
    block(JSON.stringify(data, undefined, 2), `data of ${type}`),
  ),
]
