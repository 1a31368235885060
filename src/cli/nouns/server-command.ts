/** How every command on a server goes: looked at when it is dangerous or when asked, given under one key, read back as it stands then. */
import type { Command } from 'commander'
import { confirmed, preview, type Repeatable, repeatable, settled } from '../change.ts'
import type { StewardClient } from '../client/client.ts'
import { fetchList } from '../client/lists.ts'
import { idOf, kinds, pathOf } from '../client/references.ts'
import type { Outcome, Preview, Server } from '../client/shapes.ts'
import { CliError, exitCode } from '../exit-code.ts'
import type { Session } from '../session.ts'
import { drawPreview } from '../views/server.ts'

export type ChangeFlags = Repeatable & Readonly<{ reason?: string; dryRun?: boolean; yes?: boolean }>

export const changing = (command: Command): Command =>
  repeatable(command).option('--reason <reason>', 'why').option('--dry-run', 'show what would be recorded, and record nothing')

/** For what cannot be taken back without anybody noticing. */
export const dangerous = (command: Command): Command => changing(command).option('-y, --yes', 'do not ask')

type Change = Readonly<{
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
  body: Readonly<Record<string, unknown>>
  ifMatch?: string | undefined
  /** Shown and asked before. Left out: it is simply done. */
  question?: string
  /** Begins the line that tells of it. */
  did: string
}>

/** The server as it is then; undefined when nothing was changed, or the read models are late. */
export async function changeServer(
  session: Session,
  client: StewardClient,
  change: Change,
  flags: ChangeFlags,
): Promise<Server | undefined> {
  const { out } = session
  const { method, path, ifMatch, question, did } = change
  const { reason, idempotencyKey, dryRun = false } = flags
  const body = reason === undefined ? change.body : { ...change.body, reason }
  if (dryRun || question !== undefined) {
    const looked = await client.send<Preview>(method, `${path}?preview=true`, { body, ifMatch })
    if (dryRun) {
      out.show(looked, (page) => drawPreview(page, looked))
      return undefined
    }
    preview(session, flags, (page) => drawPreview(page, looked))
    // What would be refused is refused below, with the API's own words.
    if (looked.refusal === null && !(await confirmed(session, flags, question ?? '')))
      throw new CliError('not confirmed; nothing was changed', { exitCode: exitCode.failure })
  }
  const outcome = await client.send<Outcome>(method, path, { body, ifMatch, idempotencyKey })
  const server = await settled<Server>(session, client, pathOf(kinds.server, outcome.id), outcome)
  out.stream(outcome, (page) => {
    page.item(`${did} `, server === undefined ? outcome.id : `${server.name}: ${standing(server)}`, 'good')
    page.item('Undo: ', { text: `steward command undo ${outcome.commandId}`, tone: 'dim' })
  })
  return server
}

const standing = ({ situation, state, enabled, desired }: Server): string => {
  if (situation === 'retired') return 'it is retired now'
  const wanted = !enabled ? ', and may not run' : desired === state ? '' : `, and should be ${desired}`
  return `it is ${state}${wanted}`
}

export const serverPath = async (client: StewardClient, given: string, rest = ''): Promise<string> =>
  pathOf(kinds.server, await idOf(client, kinds.server, given), rest)

/** One that was retired has given its name back, so it is looked for among all of them; the last one of that name is meant. */
export async function retiredServerPath(client: StewardClient, given: string): Promise<string> {
  const query = { name: given, situation: 'retired' }
  const { items } = await fetchList<Server>(client, kinds.server.path, query, { all: true })
  const last = items.toSorted((a, b) => (b.retiredAt ?? '').localeCompare(a.retiredAt ?? ''))[0]
  return last === undefined ? serverPath(client, given) : pathOf(kinds.server, last.id)
}
