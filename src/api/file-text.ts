/** Text of a file that lies beside the code, read when somebody first asks and kept. The one place where the API touches files. */
import { readFileSync } from 'node:fs'
import { once } from '../domain/once.ts'

export const fileText = (url: URL): (() => string) => once(() => readFileSync(url, 'utf8'))
