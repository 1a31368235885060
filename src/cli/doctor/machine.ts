/** What the doctor sees of this machine: Node, the data directory and its disk, the directories of secrets. Changes nothing that stays. */
import { constants } from 'node:fs'
import { access, mkdtemp, readdir, rm, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Config } from '../../config.ts'
import type { CliContext } from '../context.ts'
import { shellLine, shellWord } from '../shell-word.ts'
import { type Finding, fail, ok, reasonOf, warn } from './check.ts'

const NEEDED_NODE = 24
const MB = 1_000_000
const LOW_MB = 1_000
const TOO_LOW_MB = 200

export function checkNode({ nodeVersion, platform }: CliContext): Finding {
  return Number.parseInt(nodeVersion, 10) >= NEEDED_NODE
    ? ok('node', `Node ${nodeVersion} on ${platform}`)
    : fail(
        'node',
        `Node ${nodeVersion}; ${NEEDED_NODE} is needed`,
        'Run npm ci, which brings it along on Linux, or install it from https://nodejs.org',
      )
}

export async function checkDataDirectory({ dataDir }: Pick<Config, 'dataDir'>): Promise<Finding[]> {
  const exists = await stat(dataDir).catch(() => undefined)
  if (exists !== undefined && !exists.isDirectory()) {
    return [fail('data directory', `${dataDir} is no directory`, 'Name another with --data-dir or STEWARD_DATA_DIR.')]
  }
  const place = exists === undefined ? await nearestDirectory(dirname(dataDir)) : dataDir
  try {
    await rm(await mkdtemp(join(place, '.steward-doctor-')), { recursive: true })
  } catch (error) {
    return [
      fail(
        'data directory',
        `nothing can be written in ${place}: ${reasonOf(error)}`,
        'Give it to the user that Steward runs as, or name another with --data-dir.',
      ),
    ]
  }
  const open = exists !== undefined && (exists.mode & 0o077) !== 0
  const directory = open
    ? warn('data directory', `others on this machine may look into ${dataDir}`, `chmod 700 ${shellWord(dataDir)}`)
    : ok('data directory', exists === undefined ? `${dataDir} will be made at the first start` : `${dataDir} can be written`)
  return [directory, await checkDisk(place)]
}

async function checkDisk(place: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(place)
  const freeMb = Math.floor((bavail * bsize) / MB)
  const says = `${freeMb >= 10_000 ? `${Math.round(freeMb / 1_000)} GB` : `${freeMb} MB`} free`
  if (freeMb < TOO_LOW_MB) return fail('disk', says, `Free at least ${LOW_MB} MB where ${place} is.`)
  return freeMb < LOW_MB ? warn('disk', says, 'The log only grows; give it more room soon.') : ok('disk', says)
}

async function nearestDirectory(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined)
  return found?.isDirectory() === true || path === dirname(path) ? path : nearestDirectory(dirname(path))
}

export async function checkSecrets({ secretDirs }: Pick<Config, 'secretDirs'>): Promise<Finding[]> {
  return Promise.all(secretDirs.map(checkSecretDirectory))
}

async function checkSecretDirectory(directory: string): Promise<Finding> {
  const name = 'secrets'
  const found = await stat(directory).catch(() => undefined)
  if (found === undefined) {
    return warn(
      name,
      `${directory} does not exist; the keys of hosts go there`,
      `mkdir -p -m 700 ${shellLine([dirname(directory), directory])}`,
    )
  }
  try {
    await access(directory, constants.R_OK | constants.X_OK)
    // The public half of a key is for everybody.
    const files = (await readdir(directory)).filter((file) => !file.endsWith('.pub'))
    const loose = (
      await Promise.all(
        files.map(async (file) => ((((await stat(join(directory, file)).catch(() => undefined))?.mode ?? 0) & 0o077) === 0 ? [] : [file])),
      )
    ).flat()
    if (loose.length > 0)
      return warn(
        name,
        `others may read ${loose.join(', ')} in ${directory}`,
        `chmod 600 ${shellLine(loose.map((file) => join(directory, file)))}`,
      )
    return (found.mode & 0o077) === 0
      ? ok(name, `${files.length} in ${directory}`)
      : warn(name, `others may look into ${directory}`, `chmod 700 ${shellWord(directory)}`)
  } catch (error) {
    return fail(name, `${directory} cannot be read: ${reasonOf(error)}`, 'Give it to the user that Steward runs as.')
  }
}
