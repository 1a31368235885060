/** Commands that work on this machine and need no running Steward. */
import type { Command } from 'commander'
import { addConfigFlags, configFlagsOf } from '../config-flags.ts'
import type { Define } from '../define.ts'
import { usageError } from '../exit-code.ts'
import type { CommonOptions, Session } from '../session.ts'

export function defineLocal(program: Command, { context, local, run }: Define): void {
  addConfigFlags(program.command('up'))
    .summary('run Steward')
    .description(
      'Runs Steward until Ctrl-C. With no settings at all it keeps everything in ./.steward, in a PostgreSQL of its own, and listens on 127.0.0.1:8080.\n' +
        'The log goes to standard output: one JSON object per line, or a line to read on a terminal. A second Ctrl-C ends it at once.',
    )
    .addHelpText(
      'after',
      `
Examples:
  steward up
  steward up --listen 127.0.0.1:9090 --data-dir /var/lib/steward
  steward up --config /etc/steward/steward.yaml --json`,
    )
    .action(
      local(async (_options: unknown, command: Command) => {
        const { up } = await import('../up/up.ts')
        return up(context, { flags: configFlagsOf(command), json: command.optsWithGlobals()['json'] === true })
      }),
    )

  program
    .command('demo')
    .summary('watch Steward heal a database, and run MCP servers')
    .description(
      'Starts a host, a database and a Steward of its own, breaks the database in several ways, and shows what happens; then the same with three MCP servers from npm. Needs no root and no daemon.\n' +
        'It leaves no process behind, and no file outside its directory.',
    )
    .option('-y, --yes', 'approve every plan instead of asking')
    .option('--dir <dir>', 'keep everything here; made by the demo (default: a new directory in --data-dir)')
    .option('--keep', 'keep the files of the host too')
    .option('--only <part>', 'one part: 1 to 11, nginx or redis')
    .addHelpText(
      'after',
      `
Examples:
  steward demo
  steward demo --yes --only 3
  steward demo --yes --dir /tmp/steward-demo --keep

Exit codes: 0 every part ended as expected, 1 one did not, 3 ended early because you said no, 130 Ctrl-C.`,
    )
    .action(
      local(async (_options: DemoFlags, command: Command) => {
        const { json, url, apiKeyFile, ...options } = command.optsWithGlobals<DemoFlags & CommonOptions>()
        if (json === true) throw usageError('--json: the demo is told to a person; run it with --yes and look at its exit code')
        if (url !== undefined || apiKeyFile !== undefined) throw usageError('--url and --api-key-file: the demo runs a Steward of its own')
        if (options.dir !== undefined && options.dataDir !== undefined) throw usageError('give either --dir or --data-dir')
        const { runDemo } = await import('../demo/demo.ts')
        return runDemo({ ...options, steward: context.self, tools: await context.local.demoTools() })
      }),
    )

  const doctorCommand = addConfigFlags(program.command('doctor'))
    .summary('check whether everything is here that Steward needs')
    .description(
      'Looks at Node, disk, configuration, secrets, faults, database, event store, and - when Steward runs - at Steward itself and its hosts. ' +
        'Says what to do about each. Exit code 1 when something would keep Steward from working. Nothing that it does stays.',
    )
  doctorCommand.action(
    run(async (session: Session) => {
      const { doctor } = await import('../doctor/doctor.ts')
      return doctor(session, configFlagsOf(doctorCommand))
    }),
  )
}

type DemoFlags = Readonly<{ yes?: boolean; dir?: string; keep?: boolean; only?: string }>
