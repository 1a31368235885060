/** A host as it is shown: where it is, and whether it is reached. Its private key is a reference, as it was given. */
import { z } from 'zod'
import type { HostRow } from '../../projections/hosts.ts'
import { exampleId, exampleTime, positionText, timeText } from './common.ts'

export const host = z
  .object({
    id: z.string(),
    name: z.string(),
    address: z.string(),
    port: z.int(),
    username: z.string(),
    privateKey: z.string().describe('A reference; the key itself is never stored.'),
    hostKey: z.string(),
    hostKeyFingerprint: z.string(),
    sharedHostKey: z.boolean().describe('Another host may show the same key: somebody said that they are different machines.'),
    state: z.enum(['registered', 'retired']),
    reachable: z.enum(['unknown', 'reachable', 'lost']),
    lostBecause: z.string().nullable(),
    reachedAt: timeText.nullable(),
    registeredBy: z.string(),
    registeredAt: timeText,
    revision: positionText,
  })
  .meta({ id: 'Host' })

export const exampleHost: z.input<typeof host> = {
  id: exampleId,
  name: 'web-01',
  address: '192.0.2.10',
  port: 22,
  username: 'steward',
  privateKey: 'file:web-01.key',
  hostKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBexample',
  hostKeyFingerprint: 'SHA256:uNiVztksCsDhcc0u9e8BrrMGEY4yW4Jg3Pz8ViZcExample',
  sharedHostKey: false,
  state: 'registered',
  reachable: 'reachable',
  lostBecause: null,
  reachedAt: exampleTime,
  registeredBy: 'admin-key',
  registeredAt: exampleTime,
  revision: '1',
}

export const hostJson = (row: HostRow): z.input<typeof host> => ({
  id: row.hostId,
  name: row.name,
  address: row.address,
  port: row.port,
  username: row.username,
  privateKey: row.privateKey,
  hostKey: row.hostKey,
  hostKeyFingerprint: row.hostKeyFingerprint,
  sharedHostKey: row.sharedHostKey,
  state: row.state,
  reachable: row.reachable,
  lostBecause: row.lostRule,
  reachedAt: row.reachedAt,
  registeredBy: row.registeredBy,
  registeredAt: row.registeredAt,
  revision: String(row.revision),
})
