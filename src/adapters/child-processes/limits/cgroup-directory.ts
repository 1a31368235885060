/** A control group of Linux as the directory it is. What is not there any more has no members, and can be neither killed nor removed again. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdir, readFile, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** Where a hierarchy is mounted, and in which of its groups we run. */
export type Hierarchy = Readonly<{ mount: string; ownDirectory: string }>

/** `controller` undefined: the unified hierarchy of version 2. Undefined when there is none, or it cannot be seen from here. */
export async function findHierarchy(controller: string | undefined): Promise<Hierarchy | undefined> {
  const own = (await read('/proc/self/cgroup')).split('\n').map((line) => line.split(':'))
  const isIt = (names: string): boolean => (controller === undefined ? names === '' : names.split(',').includes(controller))
  const line = own.find(([number = '', names = '']) => number !== '' && isIt(names))
  if (line === undefined) return undefined
  const path = line.slice(2).join(':')
  for (const text of (await read('/proc/self/mountinfo')).split('\n')) {
    const [before = '', after = ''] = text.split(' - ')
    const [, , , root = '', mount = ''] = before.split(' ')
    const [type, , options = ''] = after.split(' ')
    const fits = controller === undefined ? type === 'cgroup2' : type === 'cgroup' && options.split(',').includes(controller)
    if (!fits) continue
    // In a container the mount may begin at a group further down than the path is told from.
    const below = root === '/' ? path : path.startsWith(root) ? path.slice(root.length) : '/'
    return { mount, ownDirectory: join(mount, below).replace(/\/$/, '') }
  }
  return undefined
}

const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '')

export async function makeGroup(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true })
}

export const setIn = (directory: string, file: string, value: string): void => writeFileSync(join(directory, file), value)

export function textIn(directory: string, file: string): string | undefined {
  try {
    return readFileSync(join(directory, file), 'utf8')
  } catch {
    return undefined
  }
}

/** Takes the number behind a name from a file of `name number` lines. */
export function countIn(directory: string, file: string, name: string): number | undefined {
  const line = textIn(directory, file)
    ?.split('\n')
    .find((text) => text.startsWith(`${name} `))
  return line === undefined ? undefined : Number(line.slice(name.length + 1))
}

/** Ids of the processes in it and in the groups that a program made below its own. One that this namespace cannot see is told as 0. */
export function membersBelow(directory: string, { depth = Number.POSITIVE_INFINITY }: { depth?: number } = {}): number[] {
  const own = (textIn(directory, 'cgroup.procs') ?? '').split('\n').map(Number)
  const below = depth === 0 ? [] : groupsIn(directory).flatMap((group) => membersBelow(group, { depth: depth - 1 }))
  return [...own.filter((pid) => pid > 0), ...below]
}

function groupsIn(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(directory, name))
  } catch {
    return []
  }
}

/** The ids are read a moment before; they would have to be free and given away in it. */
export function killMembers(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has gone by itself.
    }
  }
}

/** What was killed just now may still be on its way out of the group. */
export async function removeGroup(directory: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await removeTree(directory)
    } catch (error) {
      if (attempt === REMOVE_ATTEMPTS) throw error
    }
    await delay(10 * attempt)
  }
}

const REMOVE_ATTEMPTS = 12

/** Its files are the kernel's and go with it. */
async function removeTree(directory: string): Promise<void> {
  for (const group of groupsIn(directory)) await removeTree(group)
  await rmdir(directory).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  })
}

/** Empties and removes the groups of other lives. Returns how many processes were in them. */
export async function sweepGroups(base: string, { except, kill }: { except: string; kill(directory: string): void }): Promise<number> {
  const killed = new Set<number>()
  for (const group of groupsIn(base)) {
    if (group === except) continue
    for (let round = 0; round < SWEEP_ROUNDS; round += 1) {
      const members = membersBelow(group)
      if (members.length === 0) break
      for (const pid of members) killed.add(pid)
      kill(group)
      await delay(10)
    }
    // A process that even SIGKILL does not end keeps its group; the next start tries again.
    await removeGroup(group).catch(() => undefined)
  }
  return killed.size
}

const SWEEP_ROUNDS = 100
