/** `steward mode`, and `steward target mode`: what may be done to a target without asking. */
import { Argument, type Command } from 'commander'
import { type Repeatable, repeatable, settled } from '../change.ts'
import { fetchList } from '../client/lists.ts'
import { idOf, kinds, pathOf } from '../client/references.ts'
import type { Outcome, Target } from '../client/shapes.ts'
import type { Define } from '../define.ts'
import { toneOf } from '../screen/paint.ts'
import type { Session } from '../session.ts'
import { MODES, modeHelp } from './target-words.ts'

export function defineTargetMode(target: Command, { run }: Define): void {
  repeatable(target.command('mode <target>'))
    .summary('show or change what may be done to a target')
    .description(modeHelp)
    .addArgument(new Argument('[mode]').choices(MODES))
    .action(
      run((session: Session, given: string, mode: string | undefined, flags: Repeatable) =>
        mode === undefined ? showModes(session, [given]) : setMode(session, given, mode, flags),
      ),
    )
}

export function defineModes(program: Command, { run }: Define): void {
  const mode = program.command('mode').summary('what may be done to targets').description(`What may be done to a target. ${modeHelp}`)
  mode.command('show [target...]').summary('show the mode of targets').action(run(showModes))
  repeatable(mode.command('set <target>'))
    .summary('change the mode of a target')
    .addArgument(new Argument('<mode>').choices(MODES))
    .action(run(setMode))
}

async function showModes(session: Session, given: readonly string[]): Promise<void> {
  const { out } = session
  const client = await session.api()
  const targets =
    given.length === 0
      ? (await fetchList<Target>(client, kinds.target.path, {}, { all: true })).items
      : await Promise.all(given.map(async (name) => client.get<Target>(pathOf(kinds.target, await idOf(client, kinds.target, name)))))
  const modes = targets.map(({ id, name, mode }) => ({ id, name, mode }))
  out.show(modes, (page) =>
    page.table(
      [{ head: 'TARGET', kind: 'text' }, { head: 'MODE' }],
      modes.map(({ name, mode }) => [name, { text: mode, tone: toneOf(mode) }]),
      'There is no target yet.',
    ),
  )
}

async function setMode(session: Session, given: string, mode: string, { idempotencyKey }: Repeatable): Promise<void> {
  const client = await session.api()
  const path = pathOf(kinds.target, await idOf(client, kinds.target, given))
  const { body: before, etag } = await client.see<Target>(path)
  const outcome = await client.send<Outcome>('PUT', `${path}/mode`, { body: { mode }, ifMatch: etag ?? '*', idempotencyKey })
  await settled<Target>(session, client, path, outcome)
  session.out.show(outcome, (page) => page.item('Changed ', `${before.name} from ${before.mode} to ${mode}`, 'good'))
}
