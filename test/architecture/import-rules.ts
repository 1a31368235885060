/**
 * The import table of docs/architecture.md as data, and the check that a set of files keeps it. Imports point one way only: what is inside
 * knows nothing of what is around it.
 */
import { posix } from 'node:path'
import type { ImportLine, SourceFile } from './import-lines.ts'
import { importLines } from './import-lines.ts'

export type Violation = Readonly<{ path: string; line: number; says: string }>

type Rule = Readonly<{
  /** Whose imports; the first rule whose prefix fits a file is its rule. */
  of: string
  /** Paths of our own code, packages, or `node:` for what comes with Node. What lies beside a file in the same area is always allowed. */
  mayImport: readonly string[]
  /** Only with `import type`. */
  mayImportTypesOf?: readonly string[]
}>

const ANYTHING = ['src/', 'migrations/', 'node:', '*']

export const IMPORT_TABLE: readonly Rule[] = [
  { of: 'src/main.ts', mayImport: ANYTHING },
  { of: 'src/cli/main.ts', mayImport: ANYTHING },
  { of: 'src/domain/catalogue/', mayImport: ['src/domain/', 'zod'] },
  { of: 'src/domain/', mayImport: ['src/domain/'] },
  { of: 'src/commands/', mayImport: ['src/commands/', 'src/domain/'] },
  { of: 'src/projections/', mayImport: ['src/projections/', 'src/domain/', 'kysely'] },
  // The listener is the one place where HTTP meets a socket; one file reads what pages are made of, once.
  { of: 'src/api/serve.ts', mayImport: ['src/api/', 'src/domain/', '@hono/node-server', 'node:http'] },
  { of: 'src/api/file-text.ts', mayImport: ['src/domain/', 'node:fs'] },
  { of: 'src/api/', mayImport: ['src/api/', 'src/domain/', 'src/commands/', 'src/projections/', 'hono', 'zod'] },
  // The runner of the migrations is the one adapter that knows them.
  { of: 'src/adapters/database/', mayImport: ['src/adapters/', 'src/domain/', 'migrations/', 'node:', '*'] },
  { of: 'src/adapters/', mayImport: ['src/adapters/', 'src/domain/', 'node:', '*'] },
  // Over HTTP: of the API only the shapes. What is printed passes the domain's sanitiser; `config` commands read the same file as the service.
  {
    of: 'src/cli/',
    mayImport: ['src/cli/', 'src/domain/text/', 'src/config.ts', 'src/config/', 'node:', '*'],
    mayImportTypesOf: ['src/api/', 'src/domain/'],
  },
  { of: 'src/config', mayImport: ['src/config.ts', 'src/config/', 'src/domain/', 'node:', 'zod', 'yaml'] },
  // Programs of their own, started like any other server; they share the words of the protocol.
  { of: 'src/built-in/', mayImport: ['src/built-in/', 'src/domain/mcp/', 'node:'], mayImportTypesOf: ['src/domain/ports/json.ts'] },
  // Databases, the log and the directory they lie in are opened, and closed, as one; main.ts has them from there.
  { of: 'src/service-storage.ts', mayImport: ['src/adapters/', 'src/config.ts', 'src/domain/'] },
  // What else main.ts is made of: it joins the areas, but knows no adapter.
  {
    of: 'src/*.ts',
    mayImport: ['src/api/', 'src/commands/', 'src/config/', 'src/config.ts', 'src/domain/', 'src/projections/', 'node:'],
    mayImportTypesOf: ['src/service-fleet.ts'],
  },
  { of: 'migrations/', mayImport: ['migrations/', 'kysely'] },
]

/** Packages behind a wall: one file knows them, so that their traps, or their end, concern one file. */
export const ONE_FILE_ONLY = ['@eventstore/db-client', 'prom-client']

export function checkImports(files: readonly SourceFile[]): Violation[] {
  const imports = importsOf(files)
  return [
    ...imports.flatMap(({ path, lines }) => lines.flatMap((line) => violationOfTable(path, line))),
    ...ONE_FILE_ONLY.flatMap((name) => violationsOfWall(name, imports)),
  ]
}

const importsOf = (files: readonly SourceFile[]): Imports => files.map((file) => ({ path: file.path, lines: importLines(file) }))

type Imports = readonly Readonly<{ path: string; lines: readonly ImportLine[] }>[]

function violationOfTable(path: string, { specifier, line, typeOnly }: ImportLine): Violation[] {
  const rule = IMPORT_TABLE.find(({ of }) => (of === 'src/*.ts' ? posix.dirname(path) === 'src' : path.startsWith(of)))
  if (rule === undefined) return [{ path, line, says: 'is in no area of the import table' }]
  const target = targetOf(path, specifier)
  const allowed = typeOnly ? [...rule.mayImport, ...(rule.mayImportTypesOf ?? [])] : rule.mayImport
  if (allowed.some((entry) => fits(entry, target))) return []
  return [{ path, line, says: `${rule.of} may not import ${target}${typeOnly ? '' : ' (as a value)'}` }]
}

/** A path of our own code from the root of the project, `node:x`, or a package. */
const targetOf = (path: string, specifier: string): string =>
  specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : specifier

function fits(entry: string, target: string): boolean {
  const ours = target.startsWith('src/') || target.startsWith('migrations/')
  if (entry === '*') return !ours && !target.startsWith('node:') && !target.startsWith('.')
  if (entry.endsWith('/') || entry.endsWith(':')) return target.startsWith(entry)
  return target === entry || (!ours && target.startsWith(`${entry}/`))
}

function violationsOfWall(name: string, imports: Imports): Violation[] {
  const users = imports.flatMap(({ path, lines }) => {
    const use = lines.find(({ specifier, typeOnly }) => !typeOnly && (specifier === name || specifier.startsWith(`${name}/`)))
    return use === undefined ? [] : [{ path, line: use.line }]
  })
  return users.length < 2
    ? []
    : users.map(({ path, line }) => ({ path, line, says: `${name} may be imported by one file only, not by ${users.length}` }))
}

/**
 * Types count too: they are gone at run time, but whoever reads one file of a circle has to read them all. Each is told once, at its first file by
 * name.
 */
export function importCircles(files: readonly SourceFile[]): Violation[] {
  const imports = importsOf(files)
  const edges = new Map(
    imports.map(({ path, lines }) => [
      path,
      lines.filter(({ specifier }) => specifier.startsWith('.')).map(({ specifier, line }) => ({ to: targetOf(path, specifier), line })),
    ]),
  )
  const found = new Map<string, Violation>()
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0) {
      const circle = rotateToFirst(trail.slice(start))
      const [first = path, second = path] = circle
      const line = edges.get(first)?.find(({ to }) => to === second)?.line ?? 1
      found.set(circle.join(), { path: first, line, says: `imports itself by way of ${[...circle.slice(1), first].join(' -> ')}` })
      return
    }
    if (done.has(path)) return
    for (const { to } of edges.get(path) ?? []) visit(to, [...trail, path])
    done.add(path)
  }
  for (const { path } of imports) visit(path, [])
  return [...found.values()]
}

function rotateToFirst(circle: readonly string[]): readonly string[] {
  const first = circle.indexOf(circle.toSorted()[0] ?? '')
  return [...circle.slice(first), ...circle.slice(0, first)]
}
