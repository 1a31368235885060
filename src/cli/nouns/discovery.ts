/** `steward discover`: servers that other programs on the machine of Steward know already. Nothing that is found is run. */
import type { Command } from 'commander'
import { confirmed, preview, type Repeatable, repeatable } from '../change.ts'
import type { Discovery, ImportPreview, ImportResult } from '../client/shapes.ts'
import type { Define } from '../define.ts'
import { CliError, type ExitCode, exitCode, usageError } from '../exit-code.ts'
import type { Page } from '../screen/page.ts'
import type { Session } from '../session.ts'

const PATH = '/api/v1/discovery'

export function defineDiscovery(program: Command, { run }: Define): void {
  const discover = program
    .command('discover')
    .summary('servers that other programs know')
    .description(
      'Servers in the configurations of MCP clients and among installed packages, in the directories that STEWARD_DISCOVERY_DIRS and STEWARD_DISCOVERY_HOMES of the service name. Files are read; nothing that is found is run.',
    )
  discover
    .command('scan')
    .summary('look for servers')
    .option('--problems', 'also files and entries that cannot be imported, and why')
    .action(run(scan))
  repeatable(discover.command('import [server...]'))
    .summary('register servers that were found, disabled')
    .description(
      'Registers servers by their proposed name, or by the id that scan shows. They stay disabled. Secrets move into files of the secret directory first.',
    )
    .option('--all', 'every one that can be imported and is no duplicate')
    .option('--name <name>', 'another name than the proposed one (of one server)')
    .option('--package-version <version>', 'the exact version of its package (of one server)')
    .option(
      '--given <field=reference...>',
      'a reference in place of what the file says, e.g. transport.env.TOKEN=file:token; - leaves it out',
    )
    .option('--even-if-duplicate', 'although one that is registered is reached in the same way')
    .option('--reason <reason>', 'why')
    .option('--dry-run', 'show what would be registered, and register nothing')
    .option('-y, --yes', 'do not ask')
    .action(run(importServers))
}

async function scan(session: Session, { problems = false }: Readonly<{ problems?: boolean }>): Promise<void> {
  const { out } = session
  const found = await (await session.api()).get<Discovery>(`${PATH}/scan`)
  out.show(found, (page) => {
    page.table(
      [
        { head: 'NAME', kind: 'text' },
        { head: 'IN', kind: 'text' },
        { head: 'SECRETS', align: 'right' },
        { head: 'CAN BE IMPORTED', kind: 'text' },
        { head: 'ID', kind: 'id' },
      ],
      found.candidates.map((each) => [
        each.name,
        `${each.source.path} (${each.source.format})`,
        String(each.secrets.length),
        standing(each),
        each.id,
      ]),
      'No server was found. STEWARD_DISCOVERY_DIRS and STEWARD_DISCOVERY_HOMES of the service say where it looks, STEWARD_REGISTRY_URL which registry it asks.',
    )
    if (!problems) return
    for (const each of found.candidates)
      for (const { field, rule, says } of each.problems) page.item(`${each.name} ${field}: `, `${says} (${rule})`, 'warn')
    for (const file of found.files)
      for (const { field, rule, says } of file.problems) page.item(`${file.path} ${field}: `, `${says} (${rule})`, 'bad')
  })
  const broken = found.files.filter((file) => file.problems.length > 0).length
  if (broken > 0 && !problems && !out.json) out.note(`${broken} files could not be read whole; --problems says why.`, 'warn')
}

type Candidate = Discovery['candidates'][number]

function standing({ problems, duplicateOf }: Candidate): string {
  if (duplicateOf !== null) return `it is ${duplicateOf.name} already (${duplicateOf.because})`
  const [first] = problems
  return first === undefined ? 'yes' : `no: ${first.rule}`
}

type ImportFlags = Repeatable &
  Readonly<{
    all?: boolean
    name?: string
    packageVersion?: string
    given?: readonly string[]
    evenIfDuplicate?: boolean
    reason?: string
    dryRun?: boolean
    yes?: boolean
  }>

async function importServers(session: Session, wanted: readonly string[], flags: ImportFlags): Promise<ExitCode> {
  const { out } = session
  const { all = false, name, packageVersion, given = [], evenIfDuplicate, reason, idempotencyKey } = flags
  if ((wanted.length === 0) !== all) throw usageError('name the servers, or give --all')
  if ((name !== undefined || packageVersion !== undefined || given.length > 0) && wanted.length !== 1)
    throw usageError('--name, --package-version and --given are for one server')
  const client = await session.api()
  const { candidates } = await client.get<Discovery>(`${PATH}/scan`)
  const chosen = all ? candidates.filter((each) => standing(each) === 'yes') : wanted.map((each) => candidateOf(candidates, each))
  if (chosen.length === 0)
    throw new CliError('there is nothing to import', { exitCode: exitCode.failure, advice: '`steward discover scan --problems` says why.' })
  const choices = chosen.map(({ id, digest }) => ({
    ...{ candidateId: id, digest },
    ...(name === undefined ? {} : { name }),
    ...(packageVersion === undefined ? {} : { version: packageVersion }),
    ...(given.length === 0 ? {} : { given: Object.fromEntries(given.map(referenceOf)) }),
    ...(evenIfDuplicate === undefined ? {} : { evenIfDuplicate }),
  }))
  const body = { choices, ...(reason === undefined ? {} : { reason }) }
  const looked = await client.send<ImportPreview>('POST', `${PATH}/import?preview=true`, { body })
  if (flags.dryRun === true) {
    out.show(looked, (page) => drawItems(page, looked.items))
    return exitCode.ok
  }
  preview(session, flags, (page) => drawItems(page, looked.items))
  if (!looked.items.some(({ outcome }) => outcome === 'would-register'))
    throw new CliError('nothing of it would be registered', {
      exitCode: exitCode.failure,
      advice: '--even-if-duplicate registers a duplicate all the same; `steward discover scan --problems` says what is wrong.',
    })
  if (!(await confirmed(session, flags, 'Register them, disabled?')))
    throw new CliError('not confirmed; nothing was changed', { exitCode: exitCode.failure })
  const result = await client.send<ImportResult>('POST', `${PATH}/import`, { body, idempotencyKey })
  out.show(result, (page) => {
    drawItems(page, result.items)
    const registered = result.items.flatMap(({ outcome, name }) => (outcome === 'registered' ? (name ?? []) : []))
    if (registered.length > 0) page.item('Next: ', { text: `steward server enable ${registered.join(' ')}`, tone: 'accent' })
  })
  return result.outcome === 'complete' ? exitCode.ok : result.outcome === 'partial' ? exitCode.partial : exitCode.failure
}

/** By its id, the end of it, or its name where that is of one alone. */
function candidateOf(candidates: readonly Candidate[], given: string): Candidate {
  const fitting = candidates.filter(({ id, name }) => name === given || id === given || (given.length >= 4 && id.endsWith(given)))
  const [first] = fitting
  if (first !== undefined && fitting.length === 1) return first
  throw usageError(
    `${first === undefined ? 'nothing that was found is called' : 'several that were found are called'} ${given}`,
    'steward discover scan',
  )
}

function referenceOf(text: string): readonly [string, string | null] {
  const at = text.indexOf('=')
  if (at < 1) throw usageError('--given: must be FIELD=REFERENCE')
  const reference = text.slice(at + 1)
  return [text.slice(0, at), reference === '-' ? null : reference]
}

function drawItems(page: Page, items: ImportResult['items']): void {
  for (const { name, candidateId, outcome, rule, says, duplicateOf, commandId, found } of items) {
    const who = name ?? candidateId
    switch (outcome) {
      case 'registered':
        page.item('Registered: ', `${who}, disabled${commandId === undefined ? '' : `; undo: steward command undo ${commandId}`}`, 'good')
        break
      case 'would-register':
        page.item('Would register: ', who, 'accent')
        for (const change of found?.changes ?? []) page.item(`  ${change.field}: `, change.says, 'dim')
        break
      case 'duplicate':
        page.item('Duplicate: ', `${who} is ${duplicateOf?.name ?? ''} already`, 'warn')
        break
      case 'refused':
        page.item('Refused: ', `${who}: ${rule ?? ''} ${says ?? ''}`, 'bad')
    }
  }
}
