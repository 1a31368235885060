/** What is in force and where it came from, and a file to begin with. Both made from the table of settings, so neither can be out of date. */
import type { LoadedConfig, Source } from '../config.ts'
import { redactSecrets } from '../domain/analysis/redact.ts'
import { type Setting, type SettingPath, settings } from './settings.ts'

export type DescribedSetting = Readonly<{ path: SettingPath; value: string; source: string }>

/** One entry per setting, in the order of the table. `redacted` masks secrets, passwords in URLs, and whatever came out of a file. */
export const describeConfig = ({ entries }: LoadedConfig, { redacted }: { redacted: boolean }): DescribedSetting[] =>
  settings.map((setting) => {
    const entry = entries.get(setting.path)
    const text = textOf(entry?.value)
    return {
      path: setting.path,
      value: redacted && text !== '' ? mask(setting, text, entry?.fromFile === true) : text,
      source: entry === undefined ? 'default' : sourceText(entry.source),
    }
  })

function mask({ secret }: Setting, text: string, fromFile: boolean): string {
  if (secret === 'whole' || fromFile) return '[secret]'
  return redactSecrets(text)
}

const textOf = (value: unknown): string =>
  Array.isArray(value) ? value.join(', ') : value === undefined || value === null ? '' : String(value)

function sourceText(source: Source): string {
  switch (source.kind) {
    case 'default':
      return 'default'
    case 'file':
      return source.place
    case 'environment':
      return source.variable
    case 'flag':
      return source.flag
  }
}

/** A YAML file in which everything is there and nothing is set. */
export function configTemplate(): string {
  const lines = ['# Steward. What is commented out shows the default, or an example. Order of strength: this file, environment, flags.', '']
  let section = ''
  for (const setting of settings) {
    const { path, help, variables, byDefault, example, secret }: Setting = setting
    const [first = '', second] = path.split('.')
    if (second !== undefined && first !== section) lines.push(`${first}:`)
    section = second === undefined ? '' : first
    const indent = second === undefined ? '' : '  '
    const fallback = secret === undefined ? byDefault : (byDefault ?? example)
    lines.push(
      `${indent}# ${help} (${variables.join(', ')})`,
      `${indent}# ${second ?? first}: ${JSON.stringify(fallback || example || '')}`,
      '',
    )
  }
  return lines.join('\n')
}
