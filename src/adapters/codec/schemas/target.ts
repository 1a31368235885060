/** Events of targets, as they are in the log. */
import { z } from 'zod'
import type { ServiceSettings } from '../../../domain/catalogue/inventory.ts'
import { type BaselineEntry, modes, type TargetEvent } from '../../../domain/target/events.ts'
import { count, instant, type SchemasOf, secretReference, service, text } from './common.ts'

const control = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('systemd'), unit: text }),
  z.strictObject({ kind: z.literal('sysv'), name: text }),
  z.strictObject({ kind: z.literal('direct'), start: text, pidFile: text }),
])

const endpoint = z.union([z.strictObject({ socket: text }), z.strictObject({ host: text, port: count })])

const settings = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('nginx'),
    binary: text.exactOptional(),
    pidFile: text.exactOptional(),
    url: text.exactOptional(),
    roots: z.array(text).exactOptional(),
    backends: z.array(z.strictObject({ address: text, control })).exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('postgresql'),
    at: endpoint,
    database: text,
    user: text,
    password: secretReference.exactOptional(),
    pidFile: text.exactOptional(),
    configPath: text.exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('redis'),
    at: endpoint,
    user: text.exactOptional(),
    password: secretReference.exactOptional(),
    pidFile: text.exactOptional(),
    configPath: text.exactOptional(),
  }),
]) satisfies z.ZodType<ServiceSettings>

export const baselineEntry = z.strictObject({
  path: text,
  kind: z.enum(['file', 'directory', 'symlink']),
  mode: text,
  uid: count,
  gid: count,
  linkTarget: text.exactOptional(),
  sha256: text.exactOptional(),
}) satisfies z.ZodType<BaselineEntry>

const mode = z.enum(modes)
const ref = { targetId: text, at: instant }

export const targetSchemas = {
  TargetRegistered: z.strictObject({
    ...ref,
    name: text,
    hostId: text,
    service,
    logPaths: z.array(text),
    configPaths: z.array(text),
    stateDir: text,
    connection: settings.exactOptional(),
    mode,
    by: text,
  }),
  TargetModeChanged: z.strictObject({ ...ref, mode, by: text }),
  TargetPaused: z.strictObject({ ...ref, by: text, reason: text }),
  TargetResumed: z.strictObject({ ...ref, by: text }),
  TargetFrozen: z.strictObject({ ...ref, incidentId: text, reason: text }),
  TargetUnfrozen: z.strictObject({ ...ref, by: text, reason: text }),
  TargetSeen: z.strictObject(ref),
  TargetUnseen: z.strictObject({ ...ref, reason: text }),
  BaselineRecorded: z.strictObject({
    ...ref,
    entries: z.array(baselineEntry),
    limits: z.record(text, z.number()),
    reason: z.enum(['registration', 'verified-change', 'accepted-drift']),
  }),
  LogGapDetected: z.strictObject({
    ...ref,
    path: text,
    generation: text,
    fromOffset: count,
    toOffset: count.nullable(),
    reason: z.enum(['truncated', 'rotated-away', 'replaced']),
  }),
  TargetRetired: z.strictObject({ ...ref, by: text, reason: text }),
} satisfies SchemasOf<TargetEvent>
