/** What the files of the nouns are given: how a verb is bound to a session, and how its exit code gets out. */
import { type Command, InvalidArgumentError } from 'commander'
import type { CliContext } from './context.ts'
import type { ExitCode } from './exit-code.ts'
import { type CommonOptions, openSession, type Session } from './session.ts'

export type Handler<Args extends unknown[]> = (session: Session, ...args: Args) => Promise<void> | Promise<ExitCode>

export type Define = Readonly<{
  context: CliContext
  /**
   * For `.action()`: opens a session with the options of the command and of its parents, and gives the handler the arguments, then the options.
   * Ctrl-C ends whatever it waits for.
   */
  run: <Args extends unknown[]>(handler: Handler<Args>) => (...args: unknown[]) => Promise<void>
  /** For `.action()` of what works on this machine and minds signals itself. The handler gets arguments, options and the command. */
  local: <Args extends unknown[]>(handler: (...args: Args) => Promise<number>) => (...args: unknown[]) => Promise<void>
}>

/** 128 + 2, as shells have it for a program that Ctrl-C ended. */
const INTERRUPTED = 130

export function defineWith(context: CliContext, onExit: (code: number) => void): Define {
  return {
    context,
    local:
      <Args extends unknown[]>(handler: (...args: Args) => Promise<number>) =>
      async (...given: unknown[]) =>
        onExit(await handler(...(given as Args))),
    run:
      <Args extends unknown[]>(handler: Handler<Args>) =>
      async (...given: unknown[]) => {
        const command = given.at(-1) as Command
        const interruption = new AbortController()
        using _listening = context.onSignal(['SIGINT', 'SIGTERM'], (signal) => {
          // Whoever insists is not kept waiting.
          if (interruption.signal.aborted) context.exit(INTERRUPTED)
          interruption.abort(new Error(`ended by ${signal}`))
        })
        const session = openSession(context, command.optsWithGlobals<CommonOptions>(), interruption.signal)
        try {
          // commander knows the arguments only as it reads them; a handler names their types.
          const code = await handler(session, ...(given.slice(0, -1) as Args))
          if (code !== undefined) onExit(code)
        } catch (error) {
          if (!interruption.signal.aborted) throw error
          onExit(INTERRUPTED)
        }
      },
  }
}

/** For options that take a number. */
export const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`)
    return value
  }
