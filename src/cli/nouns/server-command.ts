/** How every command on a server goes: looked at when it is dangerous or when asked, given under one key, read back as it stands then. */
import type { Command } from 'commander'
import { confirmed, preview, type Repeatable, repeatable, settled } from '../change.ts'
import { ApiRefusal } from '../client/api-refusal.ts'
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
  /** What of the server it was about. Default: the server. */
  what?: string
  /** It has no way back. */
  isFinal?: boolean
}>

/** The server as it is then; undefined when nothing was changed, or the read models are late. */
export async function changeServer(
  session: Session,
  client: StewardClient,
  change: Change,
  flags: ChangeFlags,
): Promise<Server | undefined> {
  const { out } = session
  const { method, path, ifMatch, question, did, what, isFinal = false } = change
  const { reason, idempotencyKey, dryRun = false } = flags
  const body = reason === undefined ? change.body : { ...change.body, reason }
  if (dryRun || question !== undefined) {
    const looked = await client.send<Preview>(method, `${path}?preview=true`, { body, ifMatch })
    if (dryRun) {
      out.show(looked, (page) => drawPreview(page, looked))
      // A script that only looks is to know as well.
      if (looked.refusal !== null) throw new CliError('it would be refused', { exitCode: exitCode.failure })
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
    page.item(`${did} `, what ?? (server === undefined ? outcome.id : `${server.name}: ${standing(server)}`), 'good')
    if (server?.run?.outdated === true)
      page.item('Its run goes on with the configuration from before: ', { text: `steward server restart ${server.name}`, tone: 'accent' })
    if (!isFinal) page.item('Undo: ', { text: `steward command undo ${outcome.commandId}`, tone: 'dim' })
  })
  return server
}

/** What it is at this moment, and what it is to become. */
const standing = ({ situation, state, enabled, desired }: Server): string => {
  if (situation === 'retired') return 'it is retired now'
  const now = state === 'error' ? 'it has failed' : state === 'maintenance' ? 'it is in maintenance' : `it is ${state}`
  if (!enabled) return `${now}, and may not run`
  if (state === desired || state === 'maintenance' || (state === 'starting' && desired === 'running')) return now
  return `${now}, and is to be ${desired}`
}

/** @throws CliError it did not exist then, which the API tells as a thing that does not exist. */
export async function asOf<Answer>(given: string, moment: string | undefined, ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask()
  } catch (error) {
    if (moment === undefined || !(error instanceof ApiRefusal) || error.code !== 'NOT_FOUND') throw error
    throw new CliError(`there was no server ${given} at ${moment}`, {
      exitCode: exitCode.failure,
      advice: '`steward server history NAME --all` shows since when there is one.',
    })
  }
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
