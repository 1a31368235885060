/** The import table is kept; and the checker that says so is itself shown to catch each kind of violation. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { importLines, type SourceFile } from './import-lines.ts'
import type { Violation } from './import-rules.ts'
import { checkImports, IMPORT_TABLE, importCircles } from './import-rules.ts'

const ROOT = join(import.meta.dirname, '..', '..')

const filesOf = (...areas: readonly string[]): SourceFile[] =>
  globSync(
    areas.map((area) => `${area}/**/*.ts`),
    { cwd: ROOT },
  ).map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))

const projectFiles = () => filesOf('src', 'migrations')

const told = ({ path, line, says }: Violation): string => `${path}:${line} ${says}`

describe('src and migrations', () => {
  test('keep the import table', () => {
    expect(checkImports(projectFiles()).map(told)).toEqual([])
  })

  test('are all read', () => {
    const paths = projectFiles().map(({ path }) => path)
    for (const { of } of IMPORT_TABLE.filter(({ of }) => of.endsWith('/') && of !== 'src/cli/')) {
      expect(
        paths.some((path) => path.startsWith(of)),
        `files below ${of}`,
      ).toBe(true)
    }
  })
})

describe('all areas, tests and scripts too', () => {
  const areas = ['src', 'migrations', 'test', 'scripts']

  test('import nothing in a circle, not even a type', () => {
    expect(importCircles(filesOf(...areas)).map(told)).toEqual([])
  })

  test.each(areas)('%s is read', (area) => {
    expect(filesOf(area)).not.toEqual([])
  })
})

describe('the checker', () => {
  const check = (files: Record<string, string>): string[] =>
    checkImports(Object.entries(files).map(([path, text]) => ({ path, text }))).map(told)

  test.each<[string, string, string]>([
    ['src/domain/a.ts', "import { z } from 'zod'", 'src/domain/ may not import zod (as a value)'],
    ['src/domain/a.ts', "import { readFile } from 'node:fs/promises'", 'src/domain/ may not import node:fs/promises (as a value)'],
    ['src/domain/a.ts', "import { x } from '../commands/x.ts'", 'src/domain/ may not import src/commands/x.ts (as a value)'],
    ['src/domain/a.ts', "import type { Kysely } from 'kysely'", 'src/domain/ may not import kysely'],
    ['src/domain/catalogue/a.ts', "import { parse } from 'yaml'", 'src/domain/catalogue/ may not import yaml (as a value)'],
    ['src/commands/a.ts', "import { x } from '../projections/x.ts'", 'src/commands/ may not import src/projections/x.ts (as a value)'],
    ['src/commands/a.ts', "import { z } from 'zod'", 'src/commands/ may not import zod (as a value)'],
    ['src/projections/a.ts', "import pg from 'pg'", 'src/projections/ may not import pg (as a value)'],
    ['src/projections/a.ts', "export { x } from '../api/x.ts'", 'src/projections/ may not import src/api/x.ts (as a value)'],
    ['src/api/a.ts', "import { x } from '../adapters/ids/x.ts'", 'src/api/ may not import src/adapters/ids/x.ts (as a value)'],
    ['src/api/a.ts', "import { sql } from 'kysely'", 'src/api/ may not import kysely (as a value)'],
    ['src/adapters/ids/a.ts', "import { x } from '../../commands/x.ts'", 'src/adapters/ may not import src/commands/x.ts (as a value)'],
    ['src/cli/a.ts', "import { routes } from '../api/routes.ts'", 'src/cli/ may not import src/api/routes.ts (as a value)'],
    ['src/cli/a.ts', "const x = await import('../adapters/ssh/x.ts')", 'src/cli/ may not import src/adapters/ssh/x.ts (as a value)'],
    ['migrations/a.ts', "import { x } from '../src/domain/x.ts'", 'migrations/ may not import src/domain/x.ts (as a value)'],
    ['src/health.ts', "import { x } from './adapters/database/x.ts'", 'src/*.ts may not import src/adapters/database/x.ts (as a value)'],
    ['src/elsewhere/a.ts', "import 'zod'", 'is in no area of the import table'],
  ])('catches in %s: %s', (path, line, says) => {
    expect(check({ [path]: `/** A file. */\n${line}\n` })).toEqual([`${path}:2 ${says}`])
  })

  test.each<[string, string]>([
    ['src/domain/catalogue/a.ts', "import { z } from 'zod'"],
    ['src/domain/a.ts', "import type { B } from './b.ts'"],
    ['src/projections/a.ts', "import { sql } from 'kysely/helpers/postgres'"],
    ['src/api/a.ts', "import { html } from 'hono/html'"],
    ['src/adapters/ssh/a.ts', "import { Client } from 'ssh2'"],
    ['src/cli/a.ts', "import type { Incident } from '../api/schemas.ts'"],
    ['src/cli/a.ts', "import { type Incident, type Host } from '../api/schemas.ts'"],
    ['src/main.ts', "import { x } from './adapters/ssh/x.ts'"],
    ['src/domain/a.ts', "// import { z } from 'zod'"],
    ['src/domain/a.ts', "/** import { z } from 'zod' */"],
    ['src/domain/a.ts', "const text = 'come from \\'zod\\''"],
  ])('allows in %s: %s', (path, line) => {
    expect(check({ [path]: line })).toEqual([])
  })

  test('catches a second file that imports a walled package', () => {
    const line = "import { EventStoreDBClient } from '@eventstore/db-client'"
    expect(check({ 'src/adapters/event-store/a.ts': line })).toEqual([])
    expect(check({ 'src/adapters/event-store/a.ts': line, 'src/adapters/event-store/b.ts': `\n${line}` })).toEqual([
      'src/adapters/event-store/a.ts:1 @eventstore/db-client may be imported by one file only, not by 2',
      'src/adapters/event-store/b.ts:2 @eventstore/db-client may be imported by one file only, not by 2',
    ])
  })

  test.each(['import', 'import type'])('catches a circle of `%s` once', (how) => {
    const line = (name: string): string => `${how} { ${name} } from './${name}.ts'`
    const file = (name: string, text: string) => ({ path: `src/domain/${name}.ts`, text })
    const [a, b, c] = [file('a', `\n${line('b')}`), file('b', line('c')), file('c', line('a'))]
    expect(importCircles([c, b, a]).map(told)).toEqual([
      'src/domain/a.ts:2 imports itself by way of src/domain/b.ts -> src/domain/c.ts -> src/domain/a.ts',
    ])
    expect(importCircles([b, a, file('c', "import type { Z } from '../z.ts'")])).toEqual([])
  })

  test('reads imports over several lines, and gives the line where each begins', () => {
    const text =
      "import {\n  a,\n  type B,\n} from './ab.ts'\n\nimport type {\n  C,\n} from './c.ts'\nimport './d.ts'\nexport * from './e.ts'\ntype F = import('./f.ts').F\n"
    expect(importLines({ path: 'x.ts', text })).toEqual([
      { specifier: './ab.ts', line: 1, typeOnly: false },
      { specifier: './c.ts', line: 6, typeOnly: true },
      { specifier: './d.ts', line: 9, typeOnly: false },
      { specifier: './e.ts', line: 10, typeOnly: false },
      { specifier: './f.ts', line: 11, typeOnly: false },
    ])
  })
})
