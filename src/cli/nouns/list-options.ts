/** What all lists have in common: how many, and a word about the rest. */
import type { Command } from 'commander'
import { createClient, type StewardClient } from '../client/client.ts'
import type { Page } from '../client/shapes.ts'
import { wholeNumber } from '../define.ts'
import type { Output } from '../screen/output.ts'
import type { Session } from '../session.ts'

export type ListFlags = Readonly<{ limit: number; all?: boolean }>

export const addListOptions = (command: Command, usual = 20): Command =>
  command.option('-n, --limit <number>', 'how many at most', wholeNumber(1, 100_000), usual).option('--all', 'everything there is')

export function tellMore({ json, note }: Output, { next_cursor: next, items }: Page<unknown>): void {
  if (next !== null && !json) note(`These are the first ${items.length}; --limit or --all shows more.`, 'dim')
}

export const addNames = (command: Command): Command => command.option('--names', 'only their names, one on each line')

/** A shell that completes a word waits for no Steward that hangs. */
const NAMES_WITHIN_MS = 5_000

/** With `--json` an array of them. */
export async function listNames(
  session: Session,
  ask: (client: StewardClient) => Promise<Page<Readonly<{ name: string; qualifiedName?: string }>>>,
): Promise<void> {
  const { out, signal } = session
  const { url, key } = await session.credentials()
  const page = await ask(createClient({ url, key, signal: AbortSignal.any([signal, AbortSignal.timeout(NAMES_WITHIN_MS)]) }))
  const names = page.items.map(({ name, qualifiedName }) => qualifiedName ?? name)
  if (out.json) out.show(names, () => undefined)
  else for (const name of names) out.line(name)
  tellMore(out, page)
}
