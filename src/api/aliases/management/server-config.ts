/** A configuration in the words of the management module: seconds, `environment`, and a host with a port where ours has an address. */
import { z } from 'zod'
import { line } from '../../schemas/common.ts'
import { type FieldNames, given, reference } from '../given.ts'

export const mcpConfig = z.strictObject({
  host: line(253).optional(),
  port: z.int().min(1).max(65_535).optional(),
  url: z.string().optional(),
  command: z.string().optional(),
  args: z.array(reference).optional(),
  environment: z.record(z.string(), reference).optional(),
  timeout: z.number().positive().optional().describe('Seconds. Default 30.'),
  retry_attempts: z.int().min(0).optional(),
  health_check_interval: z.number().positive().optional().describe('Seconds. Default 60.'),
})

export const mcpFields: FieldNames = {
  'transport.command': 'config.command',
  'transport.args': 'config.args',
  'transport.env': 'config.environment',
  'transport.url': 'config.url',
  transport: 'config',
  callTimeoutMs: 'config.timeout',
  restartBudget: 'config.retry_attempts',
  healthEveryMs: 'config.health_check_interval',
}

/** Fields of the canonical configuration; only those that were given. */
export function configChangeOf({ host, port, url, command, args, environment, ...rest }: z.output<typeof mcpConfig>) {
  const address = url ?? (host === undefined ? undefined : `http://${host}${port === undefined ? '' : `:${port}`}/mcp`)
  const stdio = { command, args, env: environment }
  const transport = address === undefined ? stdio : { ...given(stdio), kind: 'http', url: address }
  return given({
    transport: Object.values(given(transport)).length === 0 ? undefined : transport,
    callTimeoutMs: secondsMs(rest.timeout),
    restartBudget: rest.retry_attempts,
    healthEveryMs: secondsMs(rest.health_check_interval),
  })
}

const secondsMs = (seconds: number | undefined): number | undefined => (seconds === undefined ? undefined : Math.round(seconds * 1_000))
