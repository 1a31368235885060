/** `steward completion` and `steward version`: for the shell. */
import { Argument, type Command } from 'commander'
import { completionScript, type Shell, shells } from '../completion/completion.ts'
import type { Define } from '../define.ts'
import { exitCode } from '../exit-code.ts'
import { createOutput } from '../screen/output.ts'

export function defineShell(program: Command, { context, local }: Define): void {
  program
    .command('completion')
    .summary('print the completion for a shell')
    .addArgument(new Argument('<shell>').choices([...shells]))
    .addHelpText(
      'after',
      `
Examples:
  source <(steward completion bash)                                    for this shell
  steward completion bash > ~/.local/share/bash-completion/completions/steward
  steward completion zsh > "\${fpath[1]}/_steward"
  steward completion fish > ~/.config/fish/completions/steward.fish`,
    )
    .action(
      local(async (shell: Shell, _options: unknown, command: Command) => {
        const script = completionScript(program, shell)
        if (command.optsWithGlobals()['json'] === true) createOutput(context, { json: true }).show({ shell, script }, () => undefined)
        else context.stdout.write(script)
        return exitCode.ok
      }),
    )

  program
    .command('version')
    .summary('print the versions of Steward and Node')
    .action(
      local(async (_options: unknown, command: Command) => {
        const versions = { steward: context.version, node: context.nodeVersion }
        createOutput(context, { json: command.optsWithGlobals()['json'] === true }).show(versions, (page) =>
          page.text(`steward ${versions.steward}, Node ${versions.node}`),
        )
        return exitCode.ok
      }),
    )
}
