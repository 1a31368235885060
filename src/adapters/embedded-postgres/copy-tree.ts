/** Copies a directory of plain files, sharing blocks where the file system can. `fs.cp` takes twice the time for the thousand files of a cluster. */
import { constants } from 'node:fs'
import { copyFile, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** `to` must not exist. Directories become 0700, files keep their mode. Nothing is flushed to the disk. */
export async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { mode: 0o700 })
  const entries = await readdir(from, { withFileTypes: true })
  await Promise.all(
    entries.map((entry) => {
      const [source, target] = [join(from, entry.name), join(to, entry.name)]
      return entry.isDirectory() ? copyTree(source, target) : copyFile(source, target, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
    }),
  )
}
