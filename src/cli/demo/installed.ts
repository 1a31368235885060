/** Whether a program is installed here, and where. Daemons live where an ordinary account does not look. */
import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

const DAEMON_DIRS = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/bin', '/usr/bin']

export async function findProgram(name: string, env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  const dirs = new Set([...(env['PATH'] ?? '').split(delimiter).filter((dir) => dir.startsWith('/')), ...DAEMON_DIRS])
  for (const dir of dirs) {
    const path = join(dir, name)
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return path
  }
  return undefined
}
