/** Events of hosts, as they are in the log. */
import { z } from 'zod'
import type { HostEvent } from '../../../domain/host/events.ts'
import { count, instant, type SchemasOf, secretReference, text } from './common.ts'

const hostKey = z.strictObject({ key: text, fingerprint: text })
const sharedHostKey = z.literal(true).exactOptional()

export const hostSchemas = {
  HostRegistered: z.strictObject({
    hostId: text,
    name: text,
    address: text,
    port: count,
    username: text,
    privateKey: secretReference,
    hostKey,
    sharedHostKey,
    by: text,
    at: instant,
  }),
  HostKeyChanged: z.strictObject({ hostId: text, hostKey, sharedHostKey, by: text, at: instant }),
  HostRetired: z.strictObject({ hostId: text, by: text, reason: text, at: instant }),
  HostReached: z.strictObject({ hostId: text, at: instant }),
  HostLost: z.strictObject({ hostId: text, rule: text, at: instant }),
  TargetPlaced: z.strictObject({ hostId: text, targetId: text, name: text, at: instant }),
  TargetTakenOff: z.strictObject({ hostId: text, targetId: text, at: instant }),
} satisfies SchemasOf<HostEvent>
