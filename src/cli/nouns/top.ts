/** `steward top`: all servers on one screen. */
import { type Command, Option } from 'commander'
import { type Define, wholeNumber } from '../define.ts'
import type { Session } from '../session.ts'
import { periods } from '../top/look.ts'
import type { TopFlags } from '../top/top.ts'

export function defineTop(program: Command, { run }: Define): void {
  program
    .command('top')
    .summary('all servers on one screen, live')
    .description(
      'Shows all servers on one screen, those in trouble first, and draws it again when something changes. It goes on when Steward goes away: the last picture is marked STALE until Steward answers again.\n' +
        'In a pipe it prints one picture after the other, without escape codes; with --json each is a line of JSON.',
    )
    .option('--once', 'print one picture as JSON and end')
    .option('--interval <seconds>', 'time between two looks, when nothing changes', wholeNumber(1, 3_600), 5)
    .addOption(new Option('--period <period>', 'of the calls that are counted').choices(periods).default('1h'))
    .option('-n, --limit <number>', 'end after so many pictures', wholeNumber(1, 1_000_000))
    .option('-o, --output <file>', 'also add each picture to this file, as a line of JSON')
    .addHelpText(
      'after',
      `
Keys: q or Ctrl-C ends, space looks at once, arrows, PgUp, PgDn, g and G scroll, Ctrl-L draws the screen anew.
WANTED is what people want: run, stop, off (it may not run), pause (maintenance). RESTARTS is yellow once it crashed, red when its budget is used up.`,
    )
    .action(
      run(async (session: Session, flags: TopFlags) => {
        const { top } = await import('../top/top.ts')
        return top(session, flags)
      }),
    )
}
