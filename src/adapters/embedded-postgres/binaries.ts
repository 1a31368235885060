/**
 * Finds the PostgreSQL programs of this platform's package and gives them the library links they need.
 * Nothing is ever written into the package: node_modules may be read-only, and no install script runs.
 */
import { access, chown, constants, mkdir, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'

export type Binaries = Readonly<{
  initdb: string
  postgres: string
  libraries: string
  /** Of the package: names the template, so that a new release makes a new one. */
  version: string
  major: string
  /** Name in `native/lib` of each link the programs are linked against, and the file it stands for. */
  links: readonly Readonly<{ name: string; file: string }>[]
}>

/** @throws EmbeddedPostgresError `platform-unsupported` when no package for this platform is installed. */
export async function findBinaries(platform = `${process.platform}-${process.arch}`): Promise<Binaries> {
  const name = `@embedded-postgres/${platform}`
  const root = locate(name, platform)
  try {
    const { version } = z.object({ version: z.string() }).parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')))
    const links = symlinksFile.parse(JSON.parse(await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8')))
    const postgres = join(root, 'native', 'bin', 'postgres')
    await access(postgres, constants.X_OK)
    return {
      initdb: join(root, 'native', 'bin', 'initdb'),
      postgres,
      libraries: join(root, 'native', 'lib'),
      version,
      major: version.split('.', 1).join(),
      links: links.map(({ source, target }) => ({ name: basename(target), file: join(root, source) })),
    }
  } catch (cause) {
    throw new EmbeddedPostgresError({
      rule: 'platform-unsupported',
      says: `the package ${name} is incomplete; remove node_modules and run npm ci`,
      cause,
    })
  }
}

const symlinksFile = z.array(z.object({ source: z.string(), target: z.string() }))

function locate(name: string, platform: string): string {
  try {
    return fileURLToPath(new URL('../', import.meta.resolve(name)))
  } catch (cause) {
    throw new EmbeddedPostgresError({
      rule: 'platform-unsupported',
      says:
        `there is no bundled PostgreSQL for ${platform} here (package ${name} is not installed). ` +
        'On Linux or macOS, x64 or arm64, run npm ci without --omit=optional; elsewhere set STEWARD_DATABASE_URL to a PostgreSQL of your own.',
      cause,
    })
  }
}

/**
 * Fills `directory` with a link to every library under each name that the programs ask for, and returns the environment that makes
 * them look there. Made anew at each start, since the package may have moved. The environment carries nothing else of ours: PGPORT or
 * PGOPTIONS of the operator's shell would change the server.
 */
export async function linkLibraries(binaries: Binaries, directory: string, ownerUid?: number): Promise<NodeJS.ProcessEnv> {
  if (directory.includes(':')) {
    throw new EmbeddedPostgresError({
      rule: 'data-directory-unusable',
      says: `the data directory must not contain a colon, which the search path for libraries cannot express: ${directory}`,
    })
  }
  await rm(directory, { recursive: true, force: true })
  await mkdir(directory, { recursive: true, mode: 0o755 })
  const files = (await readdir(binaries.libraries)).filter((name) => /\.(so|dylib)(\.|$)/.test(name))
  const links = new Map(files.map((name) => [name, join(binaries.libraries, name)]))
  for (const { name, file } of binaries.links) links.set(name, file)
  for (const [name, file] of links) await symlink(file, join(directory, name))
  // Made by root in the data directory of somebody else, it would be in that user's way next time.
  if (process.getuid?.() === 0 && ownerUid !== undefined) await chown(directory, ownerUid, ownerUid)
  return {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin:/usr/sbin:/sbin',
    LC_ALL: 'C',
    [process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH']: directory,
  }
}
