/**
 * Tests that become another user need code which that user can read. A clone below a closed directory has none, so what an owner needs is copied
 * to where everybody may look; a clone that is open is used as it is.
 */
import { chmod, cp, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export type OpenCheckout = Readonly<{ node: string; owner: string }> & AsyncDisposable

const ROOT = join(import.meta.dirname, '../../..')
const OWNER = 'test/adapters/embedded-postgres/owner.ts'
const NEEDED = /^(@embedded-postgres|pg.*|postgres.*|zod|split2|xtend)$/

export async function openCheckout(): Promise<OpenCheckout> {
  if ((await isOpen(ROOT)) && (await isOpen(process.execPath))) {
    return { node: process.execPath, owner: join(ROOT, OWNER), [Symbol.asyncDispose]: async () => undefined }
  }
  const copy = await mkdtemp(join(tmpdir(), 'epg-code-'))
  await chmod(copy, 0o755)
  const packages = (await readdir(join(ROOT, 'node_modules'))).filter((name) => NEEDED.test(name))
  const paths = ['package.json', 'src/adapters/embedded-postgres', OWNER, ...packages.map((name) => `node_modules/${name}`)]
  for (const path of paths) {
    await mkdir(dirname(join(copy, path)), { recursive: true })
    await cp(join(ROOT, path), join(copy, path), { recursive: true, verbatimSymlinks: true })
  }
  await cp(process.execPath, join(copy, 'node'))
  return { node: join(copy, 'node'), owner: join(copy, OWNER), [Symbol.asyncDispose]: () => rm(copy, { recursive: true, force: true }) }
}

/** Whether others may pass through every directory on the way. */
async function isOpen(path: string): Promise<boolean> {
  for (let at = path; ; at = dirname(at)) {
    if (((await stat(at)).mode & 0o001) === 0) return false
    if (at === dirname(at)) return true
  }
}
