/** What a person wants of a server: whether it may run, whether it should, and what he approves of it. */
import type { Command } from 'commander'
import { each, preview } from '../change.ts'
import { kinds, pathOf } from '../client/references.ts'
import type { Server, ServerHistory } from '../client/shapes.ts'
import type { Define } from '../define.ts'
import { usageError } from '../exit-code.ts'
import type { Session } from '../session.ts'
import { drawHistory, drawProgram } from '../views/server.ts'
import { type ChangeFlags, changeServer, changing, dangerous, retiredServerPath, serverPath } from './server-command.ts'
import { addSelection, type Bulk, changeSelection, isSelection, type SelectionFlags } from './server-selection.ts'

export function defineServerChanges(server: Command, { run }: Define): void {
  const intent = (verb: Exclude<Bulk, 'delete'>, summary: string, did: string): void => {
    addSelection(changing(server.command(`${verb} [server...]`)))
      .summary(summary)
      .addHelpText(
        'after',
        `\nExamples:\n  steward server ${verb} files search\n  steward server ${verb} --all --transport stdio --reason 'new disk' --dry-run`,
      )
      .action(
        run((session: Session, given: readonly string[], flags: SelectionFlags) =>
          isSelection(given, flags)
            ? changeSelection(session, verb, flags)
            : want(session, given, flags, { verb, did, isFinal: verb === 'restart' }),
        ),
      )
  }
  intent('enable', 'let servers run', 'Enabled')
  intent('disable', 'stop servers, and let nothing start them', 'Disabled')
  intent('start', 'start servers', 'Asked to start')
  intent('stop', 'stop servers', 'Asked to stop')
  intent('restart', 'restart servers, with the configuration of today', 'Asked to restart')
  changing(server.command('maintenance <server...>'))
    .summary('stop servers without alerts and restarts')
    .option('--leave', 'end the maintenance')
    .action(
      run((session: Session, given: readonly string[], flags: ChangeFlags & Readonly<{ leave?: boolean }>) =>
        want(session, given, flags, flags.leave === true ? { verb: 'maintenance/leave', did: 'Out of maintenance:' } : enter),
      ),
    )
  // No command of the log: what it finds is recorded by the supervisor, so there is nothing to look at before.
  server
    .command('refresh <server...>')
    .summary('list the tools of servers now')
    .description('Lists the tools of servers now. What has changed waits for an approval where the policy of the server says so.')
    .action(run(refresh))
  dangerous(server.command('approve <server>'))
    .summary('approve the program of a server, or what it tells every model')
    .description(
      'Approves what `server show` shows at this moment, and nothing that comes later: the program with these very arguments in this directory, or the instructions.',
    )
    .option('--instructions', 'what it tells every model about itself')
    .addHelpText(
      'after',
      `
Examples:
  steward server approve files --reason 'our own build, reviewed'
  steward server approve files --instructions --reason 'read them'`,
    )
    .action(run(approve))
  dangerous(server.command('undo <server>'))
    .summary('take back the last decision about a server')
    .description(
      'Takes back what somebody decided last, as `server history` shows it, by a command of its own. Undone twice, it is as it was. `steward command undo` takes back an earlier one.',
    )
    .addHelpText('after', "\nExamples:\n  steward server undo files --dry-run\n  steward server undo files --reason 'the wrong server'")
    .action(run(undo))
}

/** Apart from the others, so that they stand last in the manual. */
export function defineRetireServer(server: Command, { run }: Define): void {
  addSelection(changing(server.command('retire [server...]')))
    .alias('delete')
    .summary('retire servers')
    .description('Stops a server and gives its name back. Everything of it is kept, and it can be restored for 30 days.')
    .addHelpText(
      'after',
      `
Examples:
  steward server retire files --reason 'replaced'
  steward server retire --search trial- --reason 'the trial is over'`,
    )
    .action(
      run((session: Session, given: readonly string[], flags: SelectionFlags) =>
        isSelection(given, flags)
          ? changeSelection(session, 'delete', flags)
          : each(session, given, flags, (name) => retire(session, name, flags)),
      ),
    )
  changing(server.command('restore <retired-server>'))
    .summary('restore a retired server')
    .action(
      run(async (session: Session, given: string, flags: ChangeFlags) => {
        const client = await session.api()
        const path = `${await retiredServerPath(client, given)}/restore`
        await changeServer(session, client, { method: 'POST', path, body: {}, did: 'Restored' }, flags)
      }),
    )
}

const enter = { verb: 'maintenance/enter', did: 'Into maintenance:' }

async function want(
  session: Session,
  given: readonly string[],
  flags: ChangeFlags,
  { verb, did, isFinal = false }: Readonly<{ verb: string; did: string; isFinal?: boolean }>,
) {
  const client = await session.api()
  return each(session, given, flags, async (name) => {
    const path = await serverPath(client, name, `/${verb}`)
    await changeServer(session, client, { method: 'POST', path, body: {}, did, isFinal }, flags)
  })
}

async function refresh(session: Session, given: readonly string[]) {
  const client = await session.api()
  return each(session, given, {}, async (name) => {
    const answer = await client.send<Readonly<{ id: string }>>('POST', await serverPath(client, name, '/refresh'))
    session.out.stream(answer, (page) => page.item('Listed the tools of ', name, 'good'))
  })
}

async function approve(session: Session, given: string, flags: ChangeFlags & Readonly<{ instructions?: boolean }>): Promise<void> {
  if (flags.reason === undefined) throw usageError('--reason is needed: an approval says why')
  const client = await session.api()
  const path = await serverPath(client, given)
  const server = await client.get<Server>(path)
  if (flags.instructions === true) {
    const { pendingInstructions } = server
    if (pendingInstructions === null) throw usageError(`the instructions of ${server.name} wait for nobody`)
    preview(session, flags, (page) => page.block(pendingInstructions.told?.text ?? '(nothing any more)'))
    const body = { hash: pendingInstructions.told?.hash ?? '' }
    const question = 'Let every model read this?'
    await changeServer(
      session,
      client,
      { method: 'POST', path: `${path}/instructions/approve`, body, question, did: 'Approved the instructions of', isFinal: true },
      flags,
    )
    return
  }
  const { executable } = server
  if (executable === null) throw usageError(`${server.name} is reached by an address: there is no program to approve`)
  if (executable.verdict === 'allowed') throw usageError(`${server.name} needs no approval: Steward lets its program run as it is`)
  preview(session, flags, (page) => drawProgram(page, server))
  const body = { argvHash: executable.argvHash }
  const question = 'Let this program run, with the rights of Steward?'
  await changeServer(session, client, { method: 'POST', path: `${path}/executable/approve`, body, question, did: 'Approved' }, flags)
}

async function undo(session: Session, given: string, flags: ChangeFlags): Promise<void> {
  const client = await session.api()
  const { items } = await client.get<ServerHistory>(await serverPath(client, given, '/history'), { limit: 1 })
  const [last] = items
  if (last === undefined) throw usageError('nobody has decided anything about it')
  if (last.commandId === null)
    throw usageError('the last decision was made by Steward itself', '`steward server history` shows who decided what.')
  preview(session, flags, (page) => drawHistory(page, [last], session.out.nowMs))
  const path = pathOf(kinds.command, last.commandId, '/undo')
  await changeServer(session, client, { method: 'POST', path, body: {}, question: 'Undo it so?', did: 'Undone:' }, flags)
}

async function retire(session: Session, given: string, flags: ChangeFlags): Promise<void> {
  const client = await session.api()
  const path = await serverPath(client, given)
  const { body: server, etag } = await client.see<Server>(path)
  const question = `Retire ${/^[a-z0-9_-]+$/.test(server.name) ? server.name : 'this server'}?`
  await changeServer(session, client, { method: 'DELETE', path, body: {}, ifMatch: etag ?? '*', question, did: 'Retired' }, flags)
}
