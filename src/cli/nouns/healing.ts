/** `steward healing`, `breaker`, `remedy`: the brakes - the switch over all healing, and what stopped acting by itself because it failed. */
import type { Command } from 'commander'
import { each, type Repeatable, repeatable, settled } from '../change.ts'
import { fetchList } from '../client/lists.ts'
import { namesOf } from '../client/names.ts'
import { idOf, kinds, pathOf } from '../client/references.ts'
import type { Fingerprint, Healing, Outcome, Remedy } from '../client/shapes.ts'
import type { Define } from '../define.ts'
import { ago, moment } from '../screen/moment.ts'
import type { Page } from '../screen/page.ts'
import { toneOf } from '../screen/paint.ts'
import type { Session } from '../session.ts'
import { addListOptions, type ListFlags, tellMore } from './list-options.ts'

const HEALING = '/api/v1/healing'
const REMEDIES = '/api/v1/remedies'

export function defineHealing(program: Command, { run }: Define): void {
  const healing = program
    .command('healing')
    .summary('the switch over all healing')
    .description('The one switch over all healing. It survives restarts.')
  healing.command('status').summary('whether healing is stopped').action(run(showHealing))
  repeatable(healing.command('stop'))
    .summary('start no new step anywhere')
    .description('No new step starts anywhere. Verification and rollback of what runs already are finished.')
    .option('--reason <reason>', 'why')
    .action(
      run((session: Session, { reason, idempotencyKey }: Repeatable & Readonly<{ reason?: string }>) =>
        turn(session, 'stop', reason === undefined ? {} : { reason }, idempotencyKey),
      ),
    )
  repeatable(healing.command('resume'))
    .summary('let healing go on')
    .action(run((session: Session, { idempotencyKey }: Repeatable) => turn(session, 'resume', {}, idempotencyKey)))

  const breaker = program
    .command('breaker')
    .summary('faults on which only people act')
    .description('After two fixes that failed, only people act on a fault of a target: its breaker is open.')
  addListOptions(breaker.command('list'))
    .alias('ls')
    .summary('list open breakers')
    .option('--closed', 'also those that are closed')
    .action(run(listBreakers))
  repeatable(breaker.command('reset <fingerprint...>'))
    .summary('let Steward act on it again')
    .requiredOption('--reason <reason>', 'what was found out')
    .action(run(resetBreakers))

  const remedy = program
    .command('remedy')
    .summary('actions that failed on a host')
    .description('An action that failed on one host runs on no other host by itself, until somebody clears it.')
  addListOptions(remedy.command('list')).alias('ls').summary('list what actions did across hosts').action(run(listRemedies))
  repeatable(remedy.command('clear <action>'))
    .summary('let an action that failed run again')
    .requiredOption('--reason <reason>', 'what was found out')
    .action(run(clearRemedy))
}

async function showHealing(session: Session): Promise<void> {
  const healing = await (await session.api()).get<Healing>(HEALING)
  session.out.show(healing, (page) => drawHealing(page, healing, session.out.nowMs))
}

function drawHealing(page: Page, { stopped, by, reason, since, stopFile }: Healing, nowMs: number): void {
  if (stopFile !== null) {
    const when = stopFile.since === null ? 'nobody knows since when: its directory cannot be looked into' : moment(stopFile.since, nowMs)
    page.item('stopped  ', `by the file ${stopFile.path}, ${when}; it stops until it is taken away`, 'bad')
  }
  if (stopped) page.item('stopped  ', `${moment(since, nowMs)} by ${by ?? 'unknown'}: ${reason ?? ''}`, 'bad')
  else
    page.item(
      stopFile === null ? 'running  ' : 'switch   ',
      since === null
        ? stopFile === null
          ? 'nobody ever stopped it'
          : 'open, nobody ever closed it'
        : `since ${moment(since, nowMs)}${by === null ? '' : `, resumed by ${by}`}`,
      'good',
    )
}

async function turn(
  session: Session,
  verb: 'stop' | 'resume',
  body: Readonly<Record<string, string>>,
  idempotencyKey: string | undefined,
): Promise<void> {
  const client = await session.api()
  const outcome = await client.send<Outcome>('POST', `${HEALING}/${verb}`, { body, idempotencyKey })
  const healing = await settled<Healing>(session, client, HEALING, outcome)
  session.out.show(outcome, (page) => (healing === undefined ? page.text('Recorded.') : drawHealing(page, healing, session.out.nowMs)))
}

async function listBreakers(session: Session, flags: ListFlags & Readonly<{ closed?: boolean }>): Promise<void> {
  const { out } = session
  const client = await session.api()
  const query = { breaker: flags.closed === true ? undefined : 'open' }
  const [page, targetName] = await Promise.all([
    fetchList<Fingerprint>(client, kinds.fingerprint.path, query, flags),
    namesOf(client, kinds.target),
  ])
  out.show(page, (screen) =>
    screen.table(
      [
        { head: 'ID', kind: 'id' },
        { head: 'BREAKER' },
        { head: 'FAILED', align: 'right' },
        { head: 'INCIDENTS', align: 'right' },
        { head: 'LAST SEEN' },
        { head: 'TARGET', kind: 'text' },
        { head: 'WHAT', kind: 'text' },
      ],
      page.items.map(({ id, breaker, failures, incidents, lastSeenAt, targetId, title }) => [
        id,
        { text: breaker, tone: toneOf(breaker) },
        String(failures),
        String(incidents),
        ago(lastSeenAt, out.nowMs),
        targetName(targetId),
        title,
      ]),
      flags.closed === true ? 'Nothing was seen yet.' : 'No breaker is open.',
    ),
  )
  tellMore(out, page)
}

async function resetBreakers(session: Session, given: readonly string[], flags: Repeatable & Readonly<{ reason: string }>) {
  const client = await session.api()
  const { reason, idempotencyKey } = flags
  return each(session, given, flags, async (name) => {
    const id = await idOf(client, kinds.fingerprint, name)
    const outcome = await client.send<Outcome>('POST', pathOf(kinds.fingerprint, id, '/reset'), { body: { reason }, idempotencyKey })
    session.out.stream(outcome, (page) => page.item('Closed the breaker of ', id, 'good'))
  })
}

async function listRemedies(session: Session, flags: ListFlags): Promise<void> {
  const { out } = session
  const client = await session.api()
  const [page, hostName] = await Promise.all([fetchList<Remedy>(client, REMEDIES, {}, flags), namesOf(client, kinds.host)])
  out.show(page, (screen) =>
    screen.table(
      [
        { head: 'ACTION', kind: 'text' },
        { head: 'FAILED ON', kind: 'text' },
        { head: 'LAST FAILED' },
        { head: 'APPLIED', align: 'right' },
        { head: 'CLEARED', kind: 'text' },
      ],
      page.items.map(({ id, failedOn, lastFailedAt, appliedAt, clearedBy, clearedAt }) => [
        id,
        { text: failedOn.map(hostName).join(', ') || '-', tone: failedOn.length > 0 ? 'bad' : 'plain' },
        ago(lastFailedAt, out.nowMs),
        String(Object.keys(appliedAt).length),
        clearedBy === null ? '-' : `${ago(clearedAt, out.nowMs)} by ${clearedBy}`,
      ]),
      'No action has run yet.',
    ),
  )
  tellMore(out, page)
}

async function clearRemedy(
  session: Session,
  action: string,
  { reason, idempotencyKey }: Repeatable & Readonly<{ reason: string }>,
): Promise<void> {
  const client = await session.api()
  const outcome = await client.send<Outcome>('POST', `${REMEDIES}/${encodeURIComponent(action)}/clear`, {
    body: { reason },
    idempotencyKey,
  })
  session.out.show(outcome, (page) => page.item('Cleared ', action, 'good'))
}
