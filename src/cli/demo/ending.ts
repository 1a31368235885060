/** What is said at the end: the table, what differed, and how to look around in what was recorded. */
import { join } from 'node:path'
import type { Place } from './place.ts'
import type { Screen } from './screen.ts'
import { namespaceOf } from './stage.ts'
import { type Row, tableOf } from './table.ts'

export function sayResults(screen: Screen, rows: readonly Row[], tookMs: number): void {
  screen.blank()
  for (const line of tableOf(rows)) screen.raw(line)
  screen.blank()
  const failed = rows.filter(({ outcome }) => outcome.problems.length > 0)
  for (const { name, fault, outcome } of failed) for (const problem of outcome.problems) screen.bad(`${name} ${fault}: ${problem}`)
  const took = `${Math.round(tookMs / 1_000)} s`
  if (failed.length === 0) screen.good(`every part ended as expected, after ${took}`)
  else screen.bad(`${failed.length} of ${rows.length} parts did not end as expected, after ${took}`)
}

export function sayWhereToLook(screen: Screen, place: Place, { keptHost, env }: { keptHost: boolean; env: NodeJS.ProcessEnv }): void {
  const { dir, dataDir } = place
  const flags = `--data-dir ${quoted(dataDir)} --namespace ${namespaceOf(place)}`
  const keyFile = quoted(join(dataDir, 'admin.key'))
  screen.blank()
  screen.heading('Look around in what it recorded')
  const line = (text: string): void => screen.command(text)
  line(`npx steward up ${flags}`)
  screen.say('and in another terminal:')
  line(`export STEWARD_API_KEY_FILE=${keyFile}`)
  line('npx steward incident list')
  line('npx steward events tail --from 0')
  line('npx steward projection list')
  screen.blank()
  screen.say(`Recorded in ${dataDir}; Steward's own log: ${place.logPath}.`)
  if (keptHost) screen.say(`The host's files are still in ${place.hostDir}.`)
  screen.say(`When you are done: rm -r ${quoted(dir)}`)
  const database = env['STEWARD_DATABASE_URL'] ?? ''
  if (database !== '' && database !== 'embedded') screen.say(`and in your PostgreSQL: drop schema "${namespaceOf(place)}" cascade`)
}

const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)
