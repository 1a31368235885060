/** `steward server upgrade`: shown first, then put in place, and watched to its end. */
import type { Command } from 'commander'
import { confirmed, preview } from '../change.ts'
import type { Operation, ToolDefinition, UpgradeStarted, UpgradeTrial } from '../client/shapes.ts'
import type { Define } from '../define.ts'
import { CliError, type ExitCode, exitCode } from '../exit-code.ts'
import { endOfOperation, exitCodeOf } from '../operation-progress.ts'
import type { Page } from '../screen/page.ts'
import type { Session } from '../session.ts'
import { drawOperation } from './operations.ts'
import { type ChangeFlags, dangerous, serverPath } from './server-command.ts'

export function defineUpgradeServer(server: Command, { run }: Define): void {
  dangerous(server.command('upgrade <server> <version>'))
    .summary('put another version of its package in place')
    .description(
      'Starts the exact version beside the one that runs and shows what differs in its tools. Then it takes its place: calls under way end first, and when it does not become healthy and stay so, the version from before is put back. Exit code 1 then.',
    )
    .action(run(upgrade))
}

async function upgrade(session: Session, given: string, version: string, flags: ChangeFlags): Promise<ExitCode> {
  const { out } = session
  const { reason, idempotencyKey, dryRun = false } = flags
  const client = await session.api()
  const path = await serverPath(client, given, '/upgrade')
  const trial = await client.send<UpgradeTrial>('POST', `${path}?preview=true`, { body: { version } })
  if (dryRun) {
    out.show(trial, (page) => drawTrial(page, trial))
    return trial.works ? exitCode.ok : exitCode.failure
  }
  preview(session, flags, (page) => drawTrial(page, trial))
  if (trial.refusal !== null) throw new CliError(`${version} was not put in place: ${trial.refusal.says}`, { exitCode: exitCode.failure })
  if (trial.digest === null) {
    out.show(trial, (page) => drawTrial(page, trial))
    return exitCode.ok
  }
  if (!(await confirmed(session, flags, 'Put it in place?')))
    throw new CliError('not confirmed; nothing was changed', { exitCode: exitCode.failure })
  const body = { version, digest: trial.digest, ...(reason === undefined ? {} : { reason }) }
  const started = await client.send<UpgradeStarted>('POST', path, { body, idempotencyKey })
  const operation: Operation = await endOfOperation(session, client, started.operationId, { position: started.position, what: 'upgrading' })
  out.show(operation, (page) => {
    drawOperation(page, operation, out.nowMs)
    const [item] = operation.items ?? []
    if (item?.state === 'succeeded' && item.commandId !== null)
      page.item('Undo: ', { text: `steward command undo ${item.commandId}`, tone: 'dim' })
  })
  return exitCodeOf(operation)
}

function drawTrial(page: Page, { from, to, works, refusal, tools, instructions, startedInMs }: UpgradeTrial): void {
  page.heading(`${from ?? 'no version'} to ${to}`)
  if (refusal !== null) {
    page.item('It does not work: ', `${refusal.rule}: ${refusal.says}`, 'bad')
    if (refusal.stderrTail !== '') page.block(refusal.stderrTail)
    return
  }
  if (tools === null) {
    page.item(works ? 'It is of this version already.' : 'Nothing is known of it.', '')
    return
  }
  page.item('It works: ', `started in ${Math.round(startedInMs ?? 0)} ms`, 'good')
  const { added, removed, changed, unchanged } = tools
  if (added.length + removed.length + changed.length === 0) page.text(`All ${unchanged} tools are as they are now.`, 'dim')
  for (const tool of added) page.item('+ ', describe(tool), 'good')
  for (const tool of removed) page.item('- ', describe(tool), 'bad')
  for (const { name, from: was, to: is } of changed) {
    page.item('~ ', `${name}: ${changedMembers(was, is).join(', ')}`, 'warn')
    if (was.description !== is.description) page.block(`was: ${was.description ?? ''}\nis:  ${is.description ?? ''}`)
  }
  if (instructions !== null) {
    page.heading('What it would tell every model about itself')
    page.block(instructions.to ?? '(nothing any more)')
  }
}

const describe = ({ name, description }: ToolDefinition): string => (description === undefined ? name : `${name}: ${description}`)

const changedMembers = (was: ToolDefinition, is: ToolDefinition): readonly string[] =>
  (['title', 'description', 'inputSchema', 'outputSchema', 'annotations'] as const).filter(
    (member) => JSON.stringify(was[member]) !== JSON.stringify(is[member]),
  )
