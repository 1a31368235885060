import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'

/** Removes a scratch directory, also when a test closed a part of it to its own user. */
export function removeTree(path: string): void {
  execFileSync('chmod', ['-R', 'u+rwX', '--', path])
  rmSync(path, { recursive: true, force: true })
}
