/** The settings of the service as options of a command, made from their one table, and back again. */
import { type Command, Option } from 'commander'
import { type Setting, settings } from '../config/settings.ts'
import type { ConfigFlags } from './up/up.ts'

const GROUP = 'Settings (they go before variables, and those before the file):'

/** An option of every command. */
const COMMON = 'data-dir'

export function addConfigFlags(command: Command): Command {
  command.addOption(new Option('--config <file>', 'YAML file with settings (STEWARD_CONFIG)').helpGroup(GROUP))
  for (const setting of settings) {
    const { flag, help, variables, byDefault }: Setting = setting
    if (flag === undefined || flag === COMMON) continue
    const fallback = byDefault === undefined || byDefault === '' ? '' : `, ${byDefault}`
    command.addOption(new Option(`--${flag} <value>`, `${help} (${variables.join(', ')}${fallback})`).helpGroup(GROUP))
  }
  return command
}

/** What was given, by the names that the loader knows. */
export function configFlagsOf(command: Command): ConfigFlags {
  const given = command.optsWithGlobals()
  const names = ['config', ...settings.flatMap((setting: Setting) => setting.flag ?? [])]
  return Object.fromEntries(
    names.flatMap((name) => {
      const value: unknown = given[camelCase(name)]
      return typeof value === 'string' ? [[name, value]] : []
    }),
  )
}

const camelCase = (flag: string): string => flag.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
