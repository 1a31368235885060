/** What a command that talks to Steward works with. The client is made when it is first needed, so that `--help` asks for no key. */

import { createClient, type StewardClient } from './client/client.ts'
import { type Credentials, findCredentials } from './client/credentials.ts'
import type { CliContext } from './context.ts'
import { type Ask, createAsk } from './screen/ask.ts'
import { createOutput, type Output } from './screen/output.ts'

/** Options that every command takes. */
export type CommonOptions = Readonly<{ json?: boolean; url?: string; apiKeyFile?: string; dataDir?: string }>

export type Session = Readonly<{
  context: CliContext
  options: CommonOptions
  out: Output
  ask: Ask
  signal: AbortSignal
  api: () => Promise<StewardClient>
  credentials: () => Promise<Credentials>
}>

export function openSession(context: CliContext, options: CommonOptions, signal: AbortSignal): Session {
  const out = createOutput(context, { json: options.json === true })
  let found: Promise<Credentials> | undefined
  let client: Promise<StewardClient> | undefined
  const credentials = (): Promise<Credentials> => {
    found ??= findCredentials(options, context)
    return found
  }
  const connect = async (): Promise<StewardClient> => {
    const { url, key, warnings } = await credentials()
    for (const warning of warnings) out.note(`warning: ${warning}`, 'warn')
    return createClient({ url, key, signal, onRetry: (says) => out.note(says, 'dim') })
  }
  return {
    context,
    options,
    out,
    ask: createAsk(context),
    signal,
    credentials,
    api: () => {
      client ??= connect()
      return client
    },
  }
}
