/** `steward key`: who may call. A key is shown once, when it is made. */
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { type Repeatable, repeatable } from '../change.ts'
import { fetchList } from '../client/lists.ts'
import { idOf, kinds, pathOf } from '../client/references.ts'
import type { ApiKey, CreatedKey, Outcome } from '../client/shapes.ts'
import type { Define } from '../define.ts'
import { CliError, exitCode } from '../exit-code.ts'
import { ago } from '../screen/moment.ts'
import { toneOf } from '../screen/paint.ts'
import type { Session } from '../session.ts'
import { addListOptions, type ListFlags, tellMore } from './list-options.ts'

const ROLES = ['viewer', 'operator', 'admin', 'system_admin']

export function defineKeys(program: Command, { run }: Define): void {
  const key = program.command('key').summary('who may call').description('API keys: who may call, and do what.')

  repeatable(key.command('create <name>'))
    .summary('make a key')
    .description(
      'Makes a key and prints it, this once: Steward keeps only its hash. viewer: look, and report errors. operator: also change and run servers, call tools, read logs and the audit, judge incidents, approve plans, pause targets, stop all healing. admin: also approve programs, ask the same of many servers, back up and import, resume healing and declare outcomes, hosts, targets and their modes, projections, and see keys. system_admin: also make and revoke keys.',
    )
    .addOption(new Option('--role <role>', 'what it may do').choices(ROLES).makeOptionMandatory())
    .requiredOption('--owner <owner>', 'who answers for it; rules of four eyes count owners')
    .option('--expires <time>', 'until when (ISO 8601)')
    .option('--save <file>', 'write the key there, readable by you only, instead of printing it')
    .addHelpText(
      'after',
      '\nExamples:\n  steward key create mira --role operator --owner mira\n  steward key create ci --role viewer --owner platform --expires 2027-01-01T00:00:00Z --save ci.key',
    )
    .action(run(createKey))

  addListOptions(key.command('list'))
    .alias('ls')
    .summary('list keys')
    .option('--owner <owner>', 'of this owner')
    .option('--revoked', 'also those that were revoked')
    .action(run(listKeys))

  repeatable(key.command('revoke <key>'))
    .summary('revoke a key, at once and for good')
    .requiredOption('--reason <reason>', 'why')
    .action(run(revokeKey))
}

type CreateFlags = Repeatable & Readonly<{ role: string; owner: string; expires?: string; save?: string }>

async function createKey(session: Session, name: string, flags: CreateFlags): Promise<void> {
  const { out, context } = session
  const client = await session.api()
  const { role, owner, expires, save, idempotencyKey } = flags
  const body = { name, role, owner, ...(expires === undefined ? {} : { expiresAt: expires }) }
  const created = await client.send<CreatedKey>('POST', kinds.key.path, { body, idempotencyKey })
  const { key, ...rest } = created
  if (key === undefined) {
    throw new CliError(`the key ${created.id} was made by an earlier attempt, and it is shown only once`, {
      exitCode: exitCode.failure,
      advice: `When nobody has it: steward key revoke ${created.id} --reason lost, then make another.`,
    })
  }
  if (save !== undefined) {
    const file = resolve(context.cwd, save)
    // Never over another file: that could be a key that is still needed. Mode first, so that nobody reads it meanwhile.
    await writeFile(file, `${key}\n`, { mode: 0o600, flag: 'wx' }).catch((error: unknown) => {
      throw new CliError(`the key was made, but ${file} could not be written (${error instanceof Error ? error.message : String(error)})`, {
        exitCode: exitCode.failure,
        advice: `Nobody has it now: steward key revoke ${created.id} --reason lost`,
      })
    })
    out.show({ ...rest, file }, (page) => page.item('Made ', `${name} (${role}), id ${created.id}; the key is in ${file}`, 'good'))
    return
  }
  if (out.json) {
    out.show(created, () => undefined)
    return
  }
  out.note(`Made ${name} (${role}), id ${created.id}. This is the key; it is shown this once:`)
  out.line(key)
}

async function listKeys(session: Session, flags: ListFlags & Readonly<{ owner?: string; revoked?: boolean }>): Promise<void> {
  const { out } = session
  const query = { owner: flags.owner, state: flags.revoked === true ? 'all' : undefined }
  const page = await fetchList<ApiKey>(await session.api(), kinds.key.path, query, flags)
  out.show(page, (screen) =>
    screen.table(
      [
        { head: 'NAME', kind: 'text' },
        { head: 'ROLE' },
        { head: 'OWNER', kind: 'text' },
        { head: 'MADE' },
        { head: 'EXPIRES' },
        { head: 'STATE' },
        { head: 'ID', kind: 'id' },
      ],
      page.items.map(({ name, role, owner, createdAt, expiresAt, revokedAt, id }) => [
        name,
        role,
        owner,
        ago(createdAt, out.nowMs),
        expiresAt === null ? 'never' : ago(expiresAt, out.nowMs),
        { text: revokedAt === null ? 'valid' : 'revoked', tone: toneOf(revokedAt === null ? 'ok' : 'revoked') },
        id,
      ]),
      'There is no key but the one that the operator set.',
    ),
  )
  tellMore(out, page)
}

async function revokeKey(
  session: Session,
  given: string,
  { reason, idempotencyKey }: Repeatable & Readonly<{ reason: string }>,
): Promise<void> {
  const client = await session.api()
  const id = await idOf(client, kinds.key, given)
  const outcome = await client.send<Outcome>('POST', pathOf(kinds.key, id, '/revoke'), { body: { reason }, idempotencyKey })
  session.out.show(outcome, (page) => page.item('Revoked ', given, 'good'))
}
