/** What all lists have in common: how many, and a word about the rest. */
import type { Command } from 'commander'
import type { Page } from '../client/shapes.ts'
import { wholeNumber } from '../define.ts'
import type { Output } from '../screen/output.ts'

export type ListFlags = Readonly<{ limit: number; all?: boolean }>

export const addListOptions = (command: Command, usual = 20): Command =>
  command.option('-n, --limit <number>', 'how many at most', wholeNumber(1, 100_000), usual).option('--all', 'everything there is')

export function tellMore({ json, note }: Output, { next_cursor: next, items }: Page<unknown>): void {
  if (next !== null && !json) note(`These are the first ${items.length}; --limit or --all shows more.`, 'dim')
}
