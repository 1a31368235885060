/** The parts of a managed server that a fix changes, how each is read and put back, and the steps and parameters that several fixes share. */
import { z } from 'zod'
import type { SnapshotItem, Step } from '../action.ts'
import type { ServerIntent } from '../program.ts'
import { serverIntents } from '../program.ts'
import { look, readLook, type ServerLook } from './look.ts'

export const serverId = z.string().regex(/^[0-9A-Za-z-]{1,64}$/, 'must be the id of a server')

/** Starting a program may take its whole start time-out, several times over. */
export const SERVER_STEP_TIMEOUT_MS = 180_000

const setting = (
  name: string,
  value: (look: ServerLook) => string,
  write: Extract<SnapshotItem, { kind: 'setting' }>['write'],
): SnapshotItem => ({
  kind: 'setting',
  name,
  read: look(),
  value(output) {
    const seen = readLook(output)
    return seen && value(seen)
  },
  write,
})

/** What is wanted of it. */
export const intentSetting: SnapshotItem = setting(
  'intent',
  ({ intent }) => intent,
  (value) => ({ kind: 'server', request: { verb: 'want', intent: intentOf(value) } }),
)

/** @param left what the fix leaves: only that is replaced by what was before. */
export const configurationSetting = (left: string): SnapshotItem =>
  setting(
    'configuration',
    ({ configuration }) => configuration,
    (value) => ({ kind: 'server', request: { verb: 'configure', from: left, to: value } }),
  )

export const memoryLimitSetting: SnapshotItem = setting(
  'memory-limit',
  ({ memoryLimitBytes }) => String(memoryLimitBytes),
  (value) => ({ kind: 'server', request: { verb: 'limit-memory', bytes: Number(value) } }),
)

export const want = (intent: ServerIntent): Step => ({
  say: WANTS[intent],
  run: { kind: 'server', request: { verb: 'want', intent } },
})

const WANTS: Readonly<Record<ServerIntent, string>> = {
  running: 'ask the supervisor to start it, and wait until it runs',
  stopped: 'ask the supervisor to stop it',
  disabled: 'disable it',
}

/** A word of ours, out of a snapshot of ours; anything else leaves the server where nothing starts it. */
const intentOf = (value: string): ServerIntent => serverIntents.find((intent) => intent === value) ?? 'stopped'
