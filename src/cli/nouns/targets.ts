/** `steward target`: watched services on hosts. */
import { type Command, Option } from 'commander'
import { each } from '../change.ts'
import { fetchList } from '../client/lists.ts'
import { namesAround, namesOf } from '../client/names.ts'
import { existingIdOf, idOf, kinds, pathOf } from '../client/references.ts'
import type { Target, TargetStatus } from '../client/shapes.ts'
import type { Define } from '../define.ts'
import { CliError, exitCode } from '../exit-code.ts'
import { ago } from '../screen/moment.ts'
import { toneOf } from '../screen/paint.ts'
import type { Session } from '../session.ts'
import { readable } from '../views/readable.ts'
import { drawTarget, drawWhatToDo, whatToDo } from '../views/target.ts'
import { count } from '../views/value.ts'
import { addListOptions, type ListFlags, tellMore } from './list-options.ts'
import { defineAddTarget } from './target-add.ts'
import { defineRetireTarget, defineTargetChanges } from './target-changes.ts'
import { defineModes, defineTargetMode } from './target-modes.ts'
import { SERVICES } from './target-words.ts'

export function defineTargets(program: Command, define: Define): void {
  const { run } = define
  const target = program.command('target').summary('watched services on hosts').description('Watched services on hosts.')
  defineAddTarget(target, define)

  addListOptions(target.command('list'))
    .alias('ls')
    .summary('list targets')
    .option('--host <host>', 'on this host')
    .addOption(new Option('--service <service>', 'of this kind').choices(SERVICES))
    .option('--frozen', 'only those that are frozen')
    .option('--paused', 'only those that are paused')
    .option('--retired', 'also those that were retired')
    .action(run(listTargets))

  target.command('show <target>').summary('show a target with everything that is recorded of it').action(run(showTarget))
  target
    .command('status <target...>')
    .summary('how a target is, in one line')
    .description('How each target is, in one line. Exit code 1 when one is not healthy.')
    .action(run(targetStatus))

  defineTargetChanges(target, define)
  defineTargetMode(target, define)
  defineRetireTarget(target, define)
  defineModes(program, define)
}

type TargetListFlags = ListFlags & Readonly<{ host?: string; service?: string; frozen?: boolean; paused?: boolean; retired?: boolean }>

async function listTargets(session: Session, flags: TargetListFlags): Promise<void> {
  const { out } = session
  const client = await session.api()
  const query = {
    host_id: flags.host === undefined ? undefined : await existingIdOf(client, kinds.host, flags.host),
    service: flags.service,
    frozen: flags.frozen,
    paused: flags.paused,
    state: flags.retired === true ? 'all' : undefined,
  }
  const [page, hostName] = await Promise.all([fetchList<Target>(client, kinds.target.path, query, flags), namesOf(client, kinds.host)])
  out.show(page, (screen) =>
    screen.table(
      [
        { head: 'NAME', kind: 'text' },
        { head: 'SERVICE' },
        { head: 'HOST', kind: 'text' },
        { head: 'STATUS' },
        { head: 'MODE' },
        { head: 'OPEN', align: 'right' },
        { head: 'LAST ANOMALY' },
        { head: 'ID', kind: 'id' },
      ],
      page.items.map((target) => [
        target.name,
        target.service,
        hostName(target.hostId),
        { text: target.status, tone: toneOf(target.status) },
        { text: target.mode, tone: toneOf(target.mode) },
        { text: String(target.openIncidents), tone: target.openIncidents > 0 ? 'bad' : 'plain' },
        ago(target.lastAnomalyAt, out.nowMs),
        target.id,
      ]),
      'There is no target here. `steward target add --help` tells how to add one.',
    ),
  )
  tellMore(out, page)
}

async function showTarget(session: Session, given: string): Promise<void> {
  const { out } = session
  const client = await session.api()
  const target = await client.get<Target>(pathOf(kinds.target, await idOf(client, kinds.target, given)))
  const nameOf = out.json ? (id: string) => id : await namesAround(client, target)
  out.show(target, (page) => {
    drawTarget(page, target, { nowMs: out.nowMs, nameOf })
    drawWhatToDo(page, target)
  })
}

async function targetStatus(session: Session, given: readonly string[]) {
  const client = await session.api()
  return each(session, given, {}, async (name) => {
    const status = await client.get<TargetStatus>(pathOf(kinds.target, await idOf(client, kinds.target, name), '/status'))
    const nameOf = session.out.json ? (each: string) => each : await namesAround(client, { hostId: hostIdIn(status.because) })
    session.out.stream(status, (page) => {
      const because = status.because === null ? '' : `: ${readable(status.because, nameOf)}`
      const open =
        status.openIncidents === 0 ? '' : `, ${count(status.openIncidents, 'open incident')}, worst ${status.worstSeverity ?? 'unknown'}`
      page.item(`${status.status}  `, `${status.name}${because}${open}`, toneOf(status.status))
    })
    if (status.status === 'healthy') return
    throw new CliError(`${status.name} is ${status.status}`, { exitCode: exitCode.failure, advice: whatToDo(status).join('\n') })
  })
}

/** Reasons name hosts by id. */
const hostIdIn = (because: string | null): string => /\bhost ([0-9a-f-]{36})\b/.exec(because ?? '')?.[1] ?? ''
