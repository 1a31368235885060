/**
 * Finds the program before anything is started: a launcher that fails after the fork could only say so on an error stream. Looks where the
 * system would look, in the PATH that the program itself will have.
 */
import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { delimiter, resolve } from 'node:path'
import { SpawnFailed } from '../../domain/ports/child-processes.ts'

/** @throws SpawnFailed `executable-missing`, `not-executable`, `working-directory` */
export async function findExecutable({ command, path, workingDirectory }: Wanted): Promise<string> {
  await checkDirectory(workingDirectory)
  const places = command.includes('/') ? [''] : path.split(delimiter)
  let forbidden: string | undefined
  for (const place of places) {
    const candidate = resolve(workingDirectory, place, command)
    const found = await judge(candidate)
    if (found === 'program') return candidate
    if (found === 'not-executable') forbidden ??= candidate
  }
  if (forbidden !== undefined) throw new SpawnFailed({ rule: 'not-executable', says: `${forbidden} may not be executed` })
  const where = command.includes('/') ? 'there is no such file' : `it is in none of the directories of PATH (${path})`
  throw new SpawnFailed({ rule: 'executable-missing', says: `the program ${command} was not found: ${where}` })
}

type Wanted = Readonly<{ command: string; path: string; workingDirectory: string }>

async function judge(candidate: string): Promise<'program' | 'not-executable' | 'nothing'> {
  const facts = await stat(candidate).catch(() => undefined)
  if (facts === undefined) return 'nothing'
  if (!facts.isFile()) return 'not-executable'
  return access(candidate, constants.X_OK).then(
    () => 'program',
    () => 'not-executable',
  )
}

async function checkDirectory(path: string): Promise<void> {
  try {
    if ((await stat(path)).isDirectory()) return await access(path, constants.X_OK)
  } catch (cause) {
    throw new SpawnFailed({ rule: 'working-directory', says: `the working directory ${path} cannot be entered`, cause })
  }
  throw new SpawnFailed({ rule: 'working-directory', says: `the working directory ${path} is no directory` })
}
