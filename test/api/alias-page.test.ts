/** docs/aliases.md is the table of aliases. `UPDATE_ALIASES=1 vitest run test/api/alias-page.test.ts` writes it anew between its two marks. */
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { aliases } from '../../src/api/aliases/index.ts'
import { managementAliases } from '../../src/api/aliases/management/index.ts'
import { monitoringAliases } from '../../src/api/aliases/monitoring.ts'
import { toolServerAliases } from '../../src/api/aliases/tool-servers/index.ts'
import type { Route } from '../../src/api/define-route.ts'
import { livePaths } from '../../src/api/live/admission.ts'
import { allRoutes } from '../../src/api/routes/index.ts'

const PAGE = new URL('../../docs/aliases.md', import.meta.url)
const marks = ['<!-- table of aliases: begin -->', '<!-- table of aliases: end -->'] as const

const routes = allRoutes({ publicMetrics: false })

function line({ method, path, aliasOf, permission, summary }: Route): string {
  const canonical = routes.find(({ operation }) => operation === aliasOf)
  if (!canonical) throw new RangeError(`${path} stands for ${aliasOf}, which is no route`)
  return `| \`${method} ${path}\` | \`${canonical.method} ${canonical.path}\` | \`${permission}\` | ${summary} |`
}

const section = (title: string, group: readonly Route[]): string =>
  [`## ${title}`, '', '| path | canonical | permission | |', '|---|---|---|---|', ...group.map(line)].join('\n')

test('the page shows every alias with its canonical path and its permission', () => {
  const groups = [monitoringAliases, managementAliases, toolServerAliases]
  expect(groups.flat()).toHaveLength(aliases.length)
  const table = [
    section('Monitoring: clients, errors, status', monitoringAliases),
    section('Management module', managementAliases),
    section('Tool servers', toolServerAliases),
    `## Live connections\n\n\`${livePaths[0]}\` answers at ${livePaths
      .slice(1)
      .map((path) => `\`${path}\``)
      .join(' and ')} too. [live.md](live.md) has its messages.`,
  ].join('\n\n')
  const [begin, end] = marks
  const page = readFileSync(PAGE, 'utf8')
  const [before = '', rest = ''] = page.split(begin)
  const [, after = ''] = rest.split(end)
  const wanted = `${before}${begin}\n\n${table}\n\n${end}${after}`
  if (process.env['UPDATE_ALIASES'] === '1') writeFileSync(PAGE, wanted)
  expect(readFileSync(PAGE, 'utf8')).toBe(wanted)
})
