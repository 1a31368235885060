/** The files of the reference page, read once. */
import { readFileSync } from 'node:fs'

const once = (name: string) => {
  let text: string | undefined
  return () => {
    text ??= readFileSync(new URL(name, import.meta.url), 'utf8')
    return text
  }
}

export const stylesheet = once('./reference.css')
export const script = once('./reference.js')
