/** `steward up`: reads the configuration, runs the service until a signal, and stops it in good order. A second signal ends it at once. */
import type { LoadedConfig } from '../../config.ts'
import { loadConfig } from '../../config.ts'
import type { CliContext } from '../context.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import { createOutput } from '../screen/output.ts'
import { paintFor } from '../screen/paint.ts'
import { keepHeapLean, letYoungGrow } from './lean-heap.ts'
import { logView } from './log-view.ts'

export type ConfigFlags = Readonly<Record<string, string | boolean | undefined>>

/**
 * Under `npm start` one Ctrl-C arrives twice: once from the terminal, once from npm, which passes it on. What comes this soon is the same one.
 */
const SAME_SIGNAL_MS = 500

export async function up(context: CliContext, { flags, json }: { flags: ConfigFlags; json: boolean }): Promise<ExitCode> {
  keepHeapLean()
  const { env, stdout, local } = context
  const out = createOutput(context, { json })
  const loaded = await readConfig(context, flags)
  const signalled = Promise.withResolvers<NodeJS.Signals>()
  using _listening = context.onSignal(['SIGINT', 'SIGTERM', 'SIGHUP'], impatience(context, signalled.resolve))

  // On a terminal a person reads along; JSON there could also hold what the terminal acts on.
  const logStream = stdout.isTTY === true && !json ? logView(stdout, paintFor(stdout, env)) : undefined
  const service = await local.startService(loaded, logStream === undefined ? {} : { logStream })
  letYoungGrow()
  const { url, firstKey } = service
  out.notes((page) => {
    page.text(`Steward listens on ${url}`, 'strong')
    if (firstKey === undefined) return
    page.text('This is the first start, so a key was made for its administrator. It is shown this once:')
    page.item('  ', { text: firstKey.key, tone: 'accent' })
    page.text(`Commands on this machine find it by themselves in ${firstKey.file}.`)
  })

  const ended = await Promise.race([signalled.promise, service.done.then(() => 'ended' as const)])
  if (ended === 'ended') out.note('Steward ended by itself; its log says why.', 'bad')
  else out.note(`${ended}: finishing what runs, then stopping. Once more ends it at once.`)
  await service.stop()
  out.note('Stopped.')
  return ended === 'ended' ? exitCode.failure : exitCode.ok
}

export async function readConfig({ env, cwd, local }: CliContext, flags: ConfigFlags): Promise<LoadedConfig> {
  return loadConfig({ env, flags, cwd, knownActions: await local.knownActions() })
}

/** The first signal asks, a later one insists. */
function impatience({ exit }: CliContext, ask: (signal: NodeJS.Signals) => void): (signal: NodeJS.Signals) => void {
  let firstAtMs: number | undefined
  return (signal) => {
    if (firstAtMs === undefined) {
      firstAtMs = performance.now()
      ask(signal)
    } else if (performance.now() - firstAtMs > SAME_SIGNAL_MS) {
      exit(exitCode.failure)
    }
  }
}
