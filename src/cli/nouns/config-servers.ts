/**
 * `steward config export`, `backup`, `validate`, `import`, `restore`, `history` and `undo`: the servers of a Steward that runs, as one document. What a
 * document would change is shown first, and just that is done.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { parse } from 'yaml'
import { confirmed, preview, type Repeatable, repeatable } from '../change.ts'
import { fetchList } from '../client/lists.ts'
import { kinds } from '../client/references.ts'
import type { AppliedConfiguration, ConfigurationPlan, DocumentCheck, Server, StewardEvent } from '../client/shapes.ts'
import type { Define } from '../define.ts'
import { CliError, type ExitCode, exitCode, usageError } from '../exit-code.ts'
import { jsonText } from '../screen/json-text.ts'
import { moment } from '../screen/moment.ts'
import type { Page } from '../screen/page.ts'
import type { Session } from '../session.ts'
import { drawChanges } from '../views/server.ts'
import { addListOptions, type ListFlags, tellMore } from './list-options.ts'

const PATH = '/api/v1/config'

export function defineServersDocument(config: Command, { run }: Define): void {
  config
    .command('export')
    .summary('print the servers, as a servers file has them')
    .description('Prints all managed servers as JSON, which is YAML as well. Secrets are references, never values.')
    .option('--at <position>', 'as they were at a position of the log')
    .action(run(exportServers))
  config
    .command('backup <file>')
    .summary('write a backup with its checksum')
    .option('--at <position>', 'as it was at a position of the log')
    .option('--force', 'overwrite the file')
    .action(run(backUp))
  config
    .command('validate <file>')
    .summary('check a backup, or a servers file')
    .description('Says everything that is wrong with it, by its place. Nothing is changed. Exit code 1 when something is.')
    .action(run(validate))
  applying(config.command('import <file>'))
    .summary('make the servers what a servers file describes')
    .action(run((session: Session, file: string, flags: ApplyFlags) => apply(session, file, flags, 'import')))
  applying(config.command('restore <file>'))
    .summary('restore a backup')
    .option('--foreign', 'it was made from another log, and is meant')
    .action(run((session: Session, file: string, flags: ApplyFlags) => apply(session, file, flags, 'restore')))
  addListOptions(config.command('history')).summary('who changed the configuration of which server').action(run(showHistory))
  repeatable(config.command('undo <command>'))
    .summary('take back an import or a restore')
    .description(
      'Takes it back step by step, the last one first. A step whose server somebody has decided about since is left, and told: exit code 3.',
    )
    .option('--reason <reason>', 'why')
    .option('-y, --yes', 'do not ask')
    .action(run(undo))
}

const applying = (command: Command): Command =>
  repeatable(command)
    .description(
      'Shows what would be changed, asks, and does just that, by a command for each change. `config undo` takes all of them back.',
    )
    .option('--retire-others', 'what it does not describe is retired (otherwise it is left alone)')
    .option('--restart', 'servers that run are restarted with their changed configuration')
    .option('--reason <reason>', 'why')
    .option('--dry-run', 'show what would be changed, and change nothing')
    .option('-y, --yes', 'do not ask')

type Bundle = Readonly<{ servers: readonly unknown[]; checksum: string }>

const bundleOf = async (session: Session, at: string | undefined): Promise<Bundle> =>
  (await session.api()).send<Bundle>('POST', at === undefined ? `${PATH}/backup` : `${PATH}/backup?at=${encodeURIComponent(at)}`)

async function exportServers(session: Session, { at }: Readonly<{ at?: string }>): Promise<void> {
  const { servers } = await bundleOf(session, at)
  session.context.stdout.write(`${jsonText({ servers })}\n`)
}

async function backUp(session: Session, name: string, { at, force = false }: Readonly<{ at?: string; force?: boolean }>): Promise<void> {
  const bundle = await bundleOf(session, at)
  const file = resolve(session.context.cwd, name)
  await writeFile(file, `${JSON.stringify(bundle, undefined, 2)}\n`, { mode: 0o600, flag: force ? 'w' : 'wx' }).catch((error: unknown) => {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST'
    const why = exists ? 'it exists; --force overwrites it' : error instanceof Error ? error.message : String(error)
    throw new CliError(`${file} was not written: ${why}`, { exitCode: exitCode.failure })
  })
  session.out.show({ file, servers: bundle.servers.length, checksum: bundle.checksum }, (page) => {
    page.item('Written ', `${file}: ${bundle.servers.length} servers`, 'good')
    page.item('Checksum: ', bundle.checksum)
    page.item('Secrets: ', 'references only; back up the secret directories as well', 'dim')
  })
}

/** A backup has a schema; anything else lists servers. */
async function read(
  session: Session,
  name: string,
): Promise<Readonly<{ bundle: object }> | Readonly<{ servers: unknown; retireOthers: boolean }>> {
  const file = resolve(session.context.cwd, name)
  const text = await readFile(file, 'utf8').catch(() => {
    throw usageError(`${file} cannot be read`)
  })
  let value: unknown
  try {
    value = parse(text, { maxAliasCount: 50, prettyErrors: false })
  } catch {
    // The parser's own message may quote the file.
    throw usageError(`${file} is neither JSON nor YAML`)
  }
  if (typeof value !== 'object' || value === null) throw usageError(`${file} must be an object`)
  if ('schema' in value) return { bundle: value }
  if (!('servers' in value)) throw usageError(`${file} must list the servers, under servers`)
  return { servers: value.servers, retireOthers: 'retireOthers' in value && value.retireOthers === true }
}

async function validate(session: Session, name: string): Promise<ExitCode> {
  const document = await read(session, name)
  const body = 'bundle' in document ? document : { servers: document.servers }
  const check = await (await session.api()).send<DocumentCheck>('POST', `${PATH}/validate`, { body })
  session.out.show(check, (page) => {
    for (const { path, rule, says } of check.problems) page.item(`${path}: `, `${says} (${rule})`, 'bad')
    if (check.valid) page.text('It is valid.', 'good')
  })
  return check.valid ? exitCode.ok : exitCode.failure
}

type ApplyFlags = Repeatable &
  Readonly<{ retireOthers?: boolean; restart?: boolean; foreign?: boolean; reason?: string; dryRun?: boolean; yes?: boolean }>

async function apply(session: Session, name: string, flags: ApplyFlags, verb: 'import' | 'restore'): Promise<ExitCode> {
  const { out } = session
  const document = await read(session, name)
  if (verb === 'restore' && !('bundle' in document))
    throw usageError(`${name} is no backup`, 'A servers file is imported: steward config import')
  if (verb === 'import' && 'bundle' in document) throw usageError(`${name} is a backup`, 'A backup is restored: steward config restore')
  const { retireOthers = 'retireOthers' in document && document.retireOthers, restart = false, foreign = false, reason } = flags
  const body = {
    ...('bundle' in document ? { bundle: document.bundle, acceptForeign: foreign } : { servers: document.servers }),
    ...{ retireOthers, restartChanged: restart },
    ...(reason === undefined ? {} : { reason }),
  }
  const path = 'bundle' in document ? `${PATH}/restore` : `${PATH}/apply`
  const client = await session.api()
  const plan = await client.send<ConfigurationPlan>('POST', `${path}?preview=true`, { body })
  if (flags.dryRun === true || plan.steps.length === 0) {
    out.show(plan, (page) => drawPlan(page, plan))
    return exitCode.ok
  }
  preview(session, flags, (page) => drawPlan(page, plan))
  if (!(await confirmed(session, flags, 'Change it so?')))
    throw new CliError('not confirmed; nothing was changed', { exitCode: exitCode.failure })
  const sent = { body: { ...body, planHash: plan.planHash }, idempotencyKey: flags.idempotencyKey }
  return showApplied(session, await client.send<AppliedConfiguration>('POST', path, sent))
}

function drawPlan(page: Page, { servers, steps }: ConfigurationPlan): void {
  if (steps.length === 0) page.text('Everything is as it describes.', 'dim')
  for (const server of servers) {
    if (server.steps.length > 0) page.item(`${server.name}: `, server.steps.join(', '), 'accent')
    drawChanges(page, server.changes)
  }
  for (const { kind, name, preview: would } of steps)
    if (would.refusal !== null) page.item('Would be refused: ', `${kind} ${name}: ${would.refusal.message}`, 'bad')
}

function showApplied({ out }: Session, applied: AppliedConfiguration): ExitCode {
  out.show(applied, (page) => {
    for (const { kind, name, outcome, rule, says } of applied.steps) {
      if (outcome === 'done') page.item('Done: ', `${kind} ${name}`, 'good')
      else page.item('Refused: ', `${kind} ${name}: ${rule ?? ''} ${says ?? ''}`, 'bad')
    }
    if (applied.done > 0) page.item('Undo: ', { text: `steward config undo ${applied.commandId}`, tone: 'dim' })
  })
  return applied.outcome === 'complete' ? exitCode.ok : applied.outcome === 'partial' ? exitCode.partial : exitCode.failure
}

async function undo(
  session: Session,
  commandId: string,
  flags: Repeatable & Readonly<{ reason?: string; yes?: boolean }>,
): Promise<ExitCode> {
  const { reason, idempotencyKey } = flags
  if (!(await confirmed(session, flags, 'Take all of it back?')))
    throw new CliError('not confirmed; nothing was changed', { exitCode: exitCode.failure })
  const body = { commandId, ...(reason === undefined ? {} : { reason }) }
  const client = await session.api()
  return showApplied(session, await client.send<AppliedConfiguration>('POST', `${PATH}/undo`, { body, idempotencyKey }))
}

/** What changes what a backup would hold. */
const CHANGES = ['ServerRegistered', 'ServerConfigChanged', 'ServerEnabled', 'ServerDisabled', 'ServerRetired', 'ServerRestored']

async function showHistory(session: Session, flags: ListFlags): Promise<void> {
  const { out } = session
  const client = await session.api()
  const page = await fetchList<StewardEvent>(client, '/api/v1/events', { types: CHANGES.join(',') }, flags)
  const { items: servers } = await fetchList<Server>(client, kinds.server.path, { situation: 'all' }, { all: true })
  const names = new Map(servers.map(({ id, name }) => [id, name]))
  out.show(page, (screen) =>
    screen.table(
      [
        { head: 'WHEN' },
        { head: 'WHAT' },
        { head: 'SERVER', kind: 'text' },
        { head: 'FIELDS', kind: 'text' },
        { head: 'BY', kind: 'text' },
        { head: 'POSITION' },
      ],
      page.items.map(({ recordedAt, type, data, position }) => [
        moment(recordedAt, out.nowMs),
        type,
        names.get(textOf(data['serverId'])) ?? textOf(data['serverId']),
        Array.isArray(data['changed']) ? data['changed'].join(', ') : '',
        textOf(data['by']),
        position,
      ]),
      'Nothing was ever changed.',
    ),
  )
  tellMore(out, page)
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
