/**
 * A freshly initialised cluster to copy from, since copying is several times faster than initialising. Made aside and renamed into place,
 * so two starters at once both find a whole one. Only a template that nobody else could have written is trusted.
 */
import { randomUUID } from 'node:crypto'
import { lstat, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ClusterTools } from './initialise.ts'
import { initialise } from './initialise.ts'
import { NOBODY } from './server-identity.ts'

/** Beside the packages it was made by, so that it goes when they go. */
export const defaultTemplateBase = (): string => fileURLToPath(new URL('../../../node_modules/.cache/mcp-steward', import.meta.url))

/** Undefined where no template can be kept (a read-only installation); then the cluster is initialised in place. */
export async function findTemplate(base: string | undefined, tools: ClusterTools): Promise<string | undefined> {
  if (base === undefined) return undefined
  const template = join(base, `postgres-${tools.binaries.version}-${FORM}-${process.getuid?.() ?? 0}`)
  try {
    await mkdir(base, { recursive: true })
    if (!(await isOurs(base))) return undefined
    if (!(await exists(template))) await makeTemplate(template, tools)
    return (await isOurs(template)) ? template : undefined
  } catch (error) {
    tools.signal?.throwIfAborted()
    if (cannotBeKept(error)) return undefined
    throw error
  }
}

/** Raised whenever the arguments of initdb change: an older template would keep the old settings. */
const FORM = 1

async function makeTemplate(template: string, tools: ClusterTools): Promise<void> {
  const unfinished = `${template}.${randomUUID()}`
  try {
    await initialise(unfinished, tools)
    await rename(unfinished, template)
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    // Another starter was faster: a directory that is not empty is never replaced.
    if (!(await exists(template))) throw error
  }
}

const exists = async (path: string): Promise<boolean> => (await lstat(path).catch(() => undefined)) !== undefined

/** Whoever may write a template decides what our database contains. */
async function isOurs(path: string): Promise<boolean> {
  const { uid, mode } = await lstat(path)
  const isRootsServer = process.getuid?.() === 0 && uid === NOBODY
  return (uid === process.getuid?.() || isRootsServer) && (mode & 0o022) === 0
}

const cannotBeKept = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR'].includes(String(error.code))
