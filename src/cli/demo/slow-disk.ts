/** Makes the disk of the practice host slow on demand: its `sync` waits while a certain file exists. Everything else is the real program. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export type SlowDisk = Readonly<{
  /** While it exists, the disk is slow. */
  switchPath: string
  /** What the host's commands find their programs by. */
  path: string
}>

export async function makeSlowDisk(hostDir: string, path: string): Promise<SlowDisk> {
  const bin = join(hostDir, 'bin')
  const switchPath = join(hostDir, 'slow-disk')
  await mkdir(bin, { recursive: true, mode: 0o700 })
  const script = [
    '#!/bin/sh',
    `[ ! -e ${quoted(switchPath)} ] || sleep 1`,
    // Found by the path without this directory, or it would find itself.
    `PATH=${quoted(path)} exec sync "$@"`,
    '',
  ].join('\n')
  await writeFile(join(bin, 'sync'), script, { mode: 0o755 })
  return { switchPath, path: `${bin}:${path}` }
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
