/** The tree of commands. Help, completion and suggestions are all made from it. */
import { Command, Option } from 'commander'
import { visible } from '../domain/text/visible.ts'
import type { CliContext } from './context.ts'
import { type Define, defineWith } from './define.ts'
import { examples } from './examples.ts'
import { type ExitCode, exitCode } from './exit-code.ts'
import { defineAnomalies } from './nouns/anomalies.ts'
import { defineApprovals } from './nouns/approvals.ts'
import { defineCommands } from './nouns/commands.ts'
import { defineConfig } from './nouns/config.ts'
import { defineDiscovery } from './nouns/discovery.ts'
import { defineEvents } from './nouns/events.ts'
import { defineHealing } from './nouns/healing.ts'
import { defineHosts } from './nouns/hosts.ts'
import { defineIncidents } from './nouns/incidents.ts'
import { defineKeys } from './nouns/keys.ts'
import { defineLocal } from './nouns/local.ts'
import { defineOperations } from './nouns/operations.ts'
import { defineProjections } from './nouns/projections.ts'
import { defineServers } from './nouns/servers.ts'
import { defineShell } from './nouns/shell.ts'
import { defineStatus } from './nouns/status.ts'
import { defineStreams } from './nouns/streams.ts'
import { defineTargets } from './nouns/targets.ts'
import { defineTools } from './nouns/tools.ts'
import { defineTop } from './nouns/top.ts'
import { defineUsage } from './nouns/usage.ts'
import { jsonText } from './screen/json-text.ts'

const ABOUT = `MCP Steward runs your MCP servers, watches services on hosts, heals what it can prove to be broken, and keeps every step as an event.

\`steward up\` runs it. Everything else asks a running one: at STEWARD_URL (http://127.0.0.1:8080), with the key in STEWARD_API_KEY or in the file that STEWARD_API_KEY_FILE names. On the machine where \`up\` made its first key none of them is needed: commands find it in the data directory.`

const MANUAL = `
First steps:
  steward demo                               watch a database be healed, and MCP servers be run
  steward doctor                             is everything here that Steward needs?
  steward up                                 run it; leave it running, and go on in another terminal
  steward server add files -- npx -y @modelcontextprotocol/server-filesystem@2026.8.31 "$HOME/files"
  steward top                                all MCP servers on one screen, live
  steward host add web-01 --address 192.0.2.10 --user steward --key web-01.key
  steward target add web-01-nginx --host web-01 --service nginx --log /var/log/nginx/error.log --config /etc/nginx/nginx.conf
  steward incident list --open

Exit codes: 0 ok, 1 failure, 2 not understood, 3 done in part, 4 key missing or not allowed, 5 Steward does not answer.
Data goes to standard output, messages to standard error. --json turns every answer into JSON. NO_COLOR is respected.`

export type ProgramOptions = Readonly<{
  onExit: (code: number) => void
  /** What is not understood is told as JSON. Default false. */
  json?: boolean
}>

export function createProgram(context: CliContext, { onExit, json = false }: ProgramOptions): Command {
  const { stdout, stderr, version } = context
  const define: Define = defineWith(context, onExit)
  const program = new Command('steward')
    .description(ABOUT)
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help; after a command, for that command')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(visible(text, { newlines: 'keep' })),
      outputError: (text, write) => {
        const says = text.replace(/^error: /, '')
        if (json) stderr.write(`${jsonText({ error: { code: 'USAGE', message: says.trim() } }, 0)}\n`)
        else write(behindBar(`steward: ${says}`))
      },
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .showHelpAfterError(json ? false : 'Add --help for the manual of a command.')
    .addOption(new Option('--json', 'answer with JSON on standard output').helpGroup('Options of every command:'))
    .addOption(new Option('--url <url>', 'where Steward answers (STEWARD_URL)').helpGroup('Options of every command:'))
    .addOption(new Option('--api-key-file <file>', 'file that holds the key (STEWARD_API_KEY_FILE)').helpGroup('Options of every command:'))
    .addOption(
      new Option('--data-dir <dir>', "Steward's own data on this machine (STEWARD_DATA_DIR, ./.steward)").helpGroup(
        'Options of every command:',
      ),
    )
    .addHelpText('after', MANUAL)
  const group = (heading: string, ...nouns: readonly ((program: Command, define: Define) => void)[]): void => {
    program.commandsGroup(heading)
    for (const noun of nouns) noun(program, define)
  }
  group('On this machine:', defineLocal)
  group('What is watched:', defineStatus, defineHosts, defineTargets)
  group('What is run:', defineServers, defineTools, defineTop, defineDiscovery, defineUsage)
  group('What goes wrong:', defineIncidents, defineApprovals, defineAnomalies, defineHealing)
  group('What is recorded:', defineEvents, defineStreams, defineCommands)
  group('How Steward works:', defineProjections, defineOperations, defineKeys, defineConfig, defineShell)
  for (const command of program.commands) {
    const lines = examples[command.name()]
    if (lines !== undefined) command.addHelpText('after', `\nExamples:\n  ${lines.join('\n  ')}`)
  }
  return program
}

/** A command line that was not understood has been explained already; help that was asked for is no failure. */
export function exitCodeOf({ code, exitCode: suggested }: Readonly<{ code: string; exitCode: number }>): ExitCode {
  const asked = code === 'commander.helpDisplayed' || code === 'commander.version' || (code === 'commander.help' && suggested === 0)
  return asked ? exitCode.ok : exitCode.usage
}

/** A mistyped word is shown again, and may hold lines of its own: none of them passes for one of ours. */
const behindBar = (text: string): string =>
  text
    .trimEnd()
    .replace(/\r?\n(?!\(Did you mean [^\n]*\)$)/g, '\n  │ ')
    .concat('\n')
