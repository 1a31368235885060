/** Reads the `key=value` words that our scripts print, one record a line. */
import type { Output } from '../program.ts'

export type Line = ReadonlyMap<string, string>

/** The lines of a script that ended with 0; undefined otherwise: then nothing is proven. */
export function lines(output: Output): readonly Line[] | undefined {
  if (output.kind !== 'text' || output.exitCode !== 0) return undefined
  return output.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => new Map(line.split(' ').map((word) => split(word))))
}

const split = (word: string): readonly [string, string] => {
  const at = word.indexOf('=')
  return at === -1 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)]
}

/** A whole number that is not negative; undefined when it is missing or something else. */
export function count(line: Line | undefined, key: string): number | undefined {
  const text = line?.get(key)
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
