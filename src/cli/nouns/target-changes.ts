/** What a person does to a watched service: rest it, take it back after a freeze, accept what it has become, retire it. */
import type { Command } from 'commander'
import { each, type Repeatable, repeatable, settled } from '../change.ts'
import { namesAround } from '../client/names.ts'
import { idOf, kinds, pathOf } from '../client/references.ts'
import type { Outcome, Target } from '../client/shapes.ts'
import type { Define } from '../define.ts'
import type { Session } from '../session.ts'
import { drawTarget } from '../views/target.ts'
import { type RetireFlags, retire } from './retire.ts'

export function defineTargetChanges(target: Command, { run }: Define): void {
  const withReason = (command: Command): Command => repeatable(command).option('--reason <reason>', 'why')
  const needsReason = (command: Command): Command => repeatable(command).requiredOption('--reason <reason>', 'why')

  withReason(target.command('pause <target...>'))
    .summary('detect nothing and begin no fix until it is resumed')
    .action(
      run((session: Session, given: readonly string[], flags: ReasonFlags) =>
        change(session, given, flags, { verb: 'pause', did: 'Paused' }),
      ),
    )
  repeatable(target.command('resume <target...>'))
    .summary('go on with paused targets')
    .action(
      run((session: Session, given: readonly string[], flags: Repeatable) =>
        change(session, given, flags, { verb: 'resume', did: 'Resumed' }),
      ),
    )
  needsReason(target.command('unfreeze <target>'))
    .summary('say that a frozen target is safe again')
    .description('A target freezes when nobody can prove what a fix or its rollback did. Look at it first; then say why it is safe again.')
    .action(
      run((session: Session, given: string, flags: ReasonFlags) => change(session, [given], flags, { verb: 'unfreeze', did: 'Unfroze' })),
    )
  needsReason(target.command('accept-drift <target>'))
    .summary('what is on the host now becomes the good state')
    .description('What is on the host now - modes, owners, configuration - becomes the baseline, which is what a fix may restore.')
    .action(
      run((session: Session, given: string, flags: ReasonFlags) =>
        change(session, [given], flags, { verb: 'baseline', did: 'Recorded the baseline of' }),
      ),
    )
}

/** Apart from the others, so that it stands last in the manual. */
export function defineRetireTarget(target: Command, { run }: Define): void {
  repeatable(target.command('delete <target>'))
    .alias('retire')
    .summary('retire a target')
    .description('Retires a target: it is watched no more. Its history stays.')
    .option('--reason <reason>', 'why')
    .option('-y, --yes', 'do not ask')
    .action(run(deleteTarget))
}

type ReasonFlags = Repeatable & Readonly<{ reason?: string }>

async function change(session: Session, given: readonly string[], flags: ReasonFlags, { verb, did }: { verb: string; did: string }) {
  const client = await session.api()
  return each(session, given, flags, async (name) => {
    const id = await idOf(client, kinds.target, name)
    const { reason, idempotencyKey } = flags
    const outcome = await client.send<Outcome>('POST', pathOf(kinds.target, id, `/${verb}`), {
      body: reason === undefined ? {} : { reason },
      idempotencyKey,
    })
    const target = await settled<Target>(session, client, pathOf(kinds.target, id), outcome)
    session.out.stream(outcome, (page) =>
      page.item(`${did} `, target === undefined ? name : `${target.name}: it is ${target.status} now`, 'good'),
    )
  })
}

const deleteTarget = (session: Session, given: string, flags: RetireFlags): Promise<void> =>
  retire<Target>(session, 'target', given, flags, async (target, client) => {
    const nameOf = await namesAround(client, target)
    return (page) => drawTarget(page, target, { nowMs: session.out.nowMs, nameOf })
  })
