/** What a service itself says of its configuration. Only a configuration that it accepts is kept as last known good. */
import { z } from 'zod'
import { DEFAULT_NGINX_BINARY, type TargetInventory } from './inventory.ts'
import { row } from './postgresql/sessions.ts'
import type { Output, Program } from './program.ts'

/** `accepts` is undefined when the output proves nothing. */
export type Validation = Readonly<{ run: Program; accepts: (output: Output) => boolean | undefined }>

/** Undefined: the service has no way to check; what it runs with is taken as it is. */
export function validationOf({ service, configPaths, connection }: TargetInventory): Validation | undefined {
  const [configPath] = configPaths
  if (service === 'nginx' && configPath !== undefined) {
    const binary = (connection?.kind === 'nginx' ? connection.binary : undefined) ?? DEFAULT_NGINX_BINARY
    return {
      run: { kind: 'exec', argv: [binary, '-t', '-q', '-e', 'stderr', '-c', configPath] },
      accepts: (output) => (output.kind === 'text' ? output.exitCode === 0 : undefined),
    }
  }
  if (service === 'postgresql') {
    return {
      run: { kind: 'sql', text: 'select count(*)::int as errors from pg_file_settings where error is not null', values: [] },
      accepts(output) {
        const facts = row(output, z.strictObject({ errors: z.int() }))
        return facts && facts.errors === 0
      },
    }
  }
  return undefined
}
