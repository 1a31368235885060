/** `steward config` and `steward faults`: the files that Steward reads, printed, begun, and checked before it is started with them; and the servers of a Steward that runs, as one document. */
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { configTemplate, describeConfig } from '../../config/describe.ts'
import type { LoadedConfig } from '../../config.ts'
import { addConfigFlags, configFlagsOf } from '../config-flags.ts'
import type { CliContext } from '../context.ts'
import type { Define } from '../define.ts'
import { CliError, exitCode } from '../exit-code.ts'
import { explain } from '../failure.ts'
import { createOutput, type Output } from '../screen/output.ts'
import { readConfig } from '../up/up.ts'
import { defineServersDocument } from './config-servers.ts'

export function defineConfig(program: Command, define: Define): void {
  const { context, local } = define
  const outputFor = (command: Command): Output => createOutput(context, { json: command.optsWithGlobals()['json'] === true })
  const config = program
    .command('config')
    .summary('the settings of the service, and its servers as one document')
    .description(
      'print, init, check: the settings of the service, from defaults, then the file, then variables, then flags. All others: the configuration of the managed servers of a Steward that runs.',
    )

  addConfigFlags(config.command('print'))
    .summary('print every setting that would be in force')
    .option('--sources', 'and where each comes from')
    .option('--redacted', 'mask secrets (this is how it is done anyway)', true)
    .option('--reveal', 'print secrets too')
    .action(
      local(async (options: Readonly<{ sources?: boolean; reveal?: boolean }>, command: Command) => {
        print(outputFor(command), await readConfig(context, configFlagsOf(command)), options)
        return exitCode.ok
      }),
    )

  config
    .command('init [file]')
    .summary('write a file with every setting, commented out')
    .description(
      'Writes a YAML file in which every setting stands with its meaning and its default, commented out. Without a file name it is printed.',
    )
    .option('--force', 'overwrite the file')
    .action(
      local(async (file: string | undefined, { force }: Readonly<{ force?: boolean }>, command: Command) => {
        await init(context, outputFor(command), file, force === true)
        return exitCode.ok
      }),
    )

  addConfigFlags(config.command('check [file]'))
    .summary('check the configuration and the policy')
    .description(
      'Checks the file, the variables, and the policy that they name. Says everything that is wrong, with file, line, field and rule. Exit code 1 when something is.',
    )
    .action(
      local(async (file: string | undefined, _options: unknown, command: Command) => {
        const out = outputFor(command)
        const flags = configFlagsOf(command)
        try {
          const { warnings } = await readConfig(context, file === undefined ? flags : { ...flags, config: file })
          for (const warning of warnings) out.note(`warning: ${warning}`, 'warn')
          out.show({ valid: true, warnings }, (page) => page.text('The configuration is valid.', 'good'))
          return exitCode.ok
        } catch (error) {
          explain(error, out)
          return exitCode.failure
        }
      }),
    )

  defineServersDocument(config, define)

  const faults = program
    .command('faults')
    .summary('the catalogue of faults')
    .description('The catalogue of faults: what is detected, what it means, what may help.')
  faults
    .command('check [directory]')
    .summary('check fault files')
    .description(
      'Checks every fault file below a directory - by default those that come with Steward - with its examples and near misses. Exit code 1 when one is wrong.',
    )
    .action(
      local(async (directory: string | undefined, _options: unknown, command: Command) =>
        checkFaults(context, outputFor(command), directory),
      ),
    )
}

function print(
  out: Output,
  loaded: LoadedConfig,
  { sources = false, reveal = false }: Readonly<{ sources?: boolean; reveal?: boolean }>,
): void {
  const described = describeConfig(loaded, { redacted: !reveal })
  for (const warning of loaded.warnings) out.note(`warning: ${warning}`, 'warn')
  const value = Object.fromEntries(described.map(({ path, value, source }) => [path, sources ? { value, source } : value]))
  out.show(value, (page) =>
    page.table(
      [{ head: 'SETTING' }, { head: 'VALUE', kind: 'text' }, ...(sources ? [{ head: 'FROM', kind: 'text' } as const] : [])],
      described.map(({ path, value, source }) => [
        path,
        value === '' ? { text: 'not set', tone: 'dim' } : value,
        ...(sources ? [source] : []),
      ]),
      'There is no setting.',
    ),
  )
}

async function init({ cwd, stdout }: CliContext, out: Output, name: string | undefined, force: boolean): Promise<void> {
  const template = `${configTemplate().trimEnd()}\n`
  if (name === undefined) {
    if (out.json) out.show({ template }, () => undefined)
    else stdout.write(template)
    return
  }
  const file = resolve(cwd, name)
  // It may come to hold secrets.
  await writeFile(file, template, { mode: 0o600, flag: force ? 'w' : 'wx' }).catch((error: unknown) => {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST'
    const why = exists ? 'it exists; --force overwrites it' : error instanceof Error ? error.message : String(error)
    throw new CliError(`${file} was not written: ${why}`, { exitCode: exitCode.failure })
  })
  out.show({ file }, (page) => page.item('Written ', `${file}; next: steward up --config ${name}`, 'good'))
}

async function checkFaults({ local, cwd }: CliContext, out: Output, given: string | undefined) {
  const { directory, faults, problems } = await local.checkFaults(given === undefined ? undefined : resolve(cwd, given))
  out.show({ directory, faults: faults.map(({ id, service, title }) => ({ id, service, title })), problems }, (page) => {
    for (const { file, line, field, rule } of problems) page.item(`${file}:${line}: `, `${field}: ${rule}`, 'bad')
    if (problems.length > 0) page.text(`${problems.length} problems in ${directory}`, 'bad')
    else {
      page.table(
        [{ head: 'FAULT' }, { head: 'SERVICE' }, { head: 'WHAT', kind: 'text' }],
        faults.map(({ id, service, title }) => [id, service, title]),
        'There is no fault.',
      )
      page.text(`${faults.length} faults, all as they should be, in ${directory}`, 'good')
    }
  })
  return problems.length === 0 ? exitCode.ok : exitCode.failure
}
