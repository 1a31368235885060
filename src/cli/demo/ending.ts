/** What is said at the end: the table, what differed, and how to look around in what was recorded. */
import { relative } from 'node:path'
import { shellWord } from '../shell-word.ts'
import type { Place } from './place.ts'
import type { Screen } from './screen.ts'
import { namespaceOf } from './stage.ts'
import { type Row, tableOf } from './table.ts'

export function sayResults(screen: Screen, rows: readonly Row[], { tookMs, wasRejected }: { tookMs: number; wasRejected: boolean }): void {
  screen.blank()
  for (const line of tableOf(rows)) screen.raw(line)
  screen.blank()
  const failed = rows.filter(({ outcome }) => outcome.problems.length > 0)
  for (const { name, fault, outcome } of failed) for (const problem of outcome.problems) screen.bad(`${name} ${fault}: ${problem}`)
  const took = `${Math.round(tookMs / 1_000)} s`
  if (failed.length === 0 && wasRejected) screen.say(`you said no, so the demo ended early, after ${took}; with a yes it goes on`)
  else if (failed.length === 0) screen.good(`every part ended as expected, after ${took}`)
  else screen.bad(`${failed.length} of ${rows.length} parts did not end as expected, after ${took}`)
}

export function sayWhereToLook(screen: Screen, place: Place, { keptHost, env }: { keptHost: boolean; env: NodeJS.ProcessEnv }): void {
  const { dir, dataDir } = place
  const data = `--data-dir ${shellWord(fromHere(dataDir))}`
  screen.blank()
  screen.heading('Look around in what it recorded')
  screen.command(`npx steward up ${data} --namespace ${namespaceOf(place)}`)
  const elsewhere = ['STEWARD_EVENT_STORE', 'STEWARD_DATABASE_URL'].filter((name) => (env[name] ?? '') !== '')
  if (elsewhere.length > 0) screen.say(`with ${elsewhere.join(' and ')} as it is set now,`)
  screen.say('and in another terminal:')
  screen.command(`npx steward incident list ${data}`)
  screen.command(`npx steward incident show ID ${data}`)
  screen.command(`npx steward events list ${data}`)
  screen.command(`npx steward server list ${data}`)
  screen.say('The MCP servers start again with it, and end with it.')
  screen.blank()
  screen.say("What was recorded, and Steward's own log:")
  screen.command(fromHere(dataDir))
  screen.command(fromHere(place.logPath))
  if (keptHost) screen.say('The host, its services and their logs:')
  if (keptHost) screen.command(fromHere(place.hostDir))
  screen.say('When you are done:')
  screen.command(`rm -r ${shellWord(fromHere(dir))}`)
  const database = env['STEWARD_DATABASE_URL'] ?? ''
  if (database !== '' && database !== 'embedded') screen.command(`drop schema "${namespaceOf(place)}" cascade   -- in your PostgreSQL`)
}

/** As it is typed here, where that is shorter. */
function fromHere(path: string): string {
  const near = relative(process.cwd(), path)
  return near.startsWith('..') || near.startsWith('-') ? path : near
}
