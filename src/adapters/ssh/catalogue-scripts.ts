/** The texts of the scripts of the catalogue, read once from the package. A name never leads out of its directory. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export type CatalogueScripts = Readonly<{ read(script: string): Promise<string> }>

const DEFAULT_DIR = fileURLToPath(new URL('../../domain/catalogue', import.meta.url))
const NAME = /^(?:[a-z0-9][a-z0-9-]*\/)*[a-z0-9][a-z0-9-]*\.sh$/

export function createCatalogueScripts(dir: string = DEFAULT_DIR): CatalogueScripts {
  const texts = new Map<string, Promise<string>>()
  return {
    read(script) {
      if (!NAME.test(script))
        return Promise.reject(new RangeError(`program.script must name a script of the catalogue: ${JSON.stringify(script)}`))
      const known = texts.get(script)
      if (known !== undefined) return known
      const text = readFile(join(dir, script), 'utf8')
      texts.set(script, text)
      // A script that could not be read is read again the next time.
      text.catch(() => texts.delete(script))
      return text
    },
  }
}
