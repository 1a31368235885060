/** What the fake needs beyond the examples, so that every verb gets to its end: the key of a host to confirm, and streams. */

import { exampleTrial } from '../../../src/api/routes/server-upgrade.ts'
import { exampleDiscovery } from '../../../src/api/schemas/discovery.ts'
import { exampleEvent } from '../../../src/api/schemas/event.ts'
import { exampleServer } from '../../../src/api/schemas/server.ts'
import type { FakeApi } from './fake-api.ts'
import { FINGERPRINT } from './verbs.ts'

export function prepare(api: FakeApi, rewrite: (value: unknown) => unknown = (value) => value): void {
  for (const operation of ['hosts.register', 'hosts.change-key']) {
    api.on(operation, ({ body }) => {
      const confirmed = typeof body === 'object' && body !== null && 'hostKey' in body
      if (confirmed) return undefined
      const details = { fingerprint: FINGERPRINT, hostKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBexample' }
      return { status: 409, body: { error: { code: 'HOST_KEY_UNCONFIRMED', message: 'Compare the fingerprint.', details } } }
    })
  }
  const previewed = (operation: string, body: unknown): void =>
    api.on(operation, ({ query }) => (query['preview'] === 'true' ? { body: rewrite(body) } : undefined))
  previewed('servers.upgrade', exampleTrial)
  const [{ id: candidateId, name, digest: _, duplicateOf: __, ...found } = { id: '', name: '', digest: '', duplicateOf: null }] =
    exampleDiscovery.candidates
  previewed('servers.import', { preview: true, items: [{ candidateId, name, outcome: 'would-register', found: { name, ...found } }] })
  // The example runs as it is; here an approval has something to approve.
  const executable = { verdict: 'needs-approval', says: 'it is on no list', argvHash: 'a'.repeat(64), approved: true }
  api.on('servers.show', () => ({ body: rewrite({ ...exampleServer, executable }) }))
  const plan = {
    ...{ preview: true, planHash: 'a'.repeat(64) },
    servers: [{ name: 'files', serverId: null, steps: ['create'], changes: [{ field: 'callTimeoutMs', from: 30_000, to: 60_000 }] }],
    steps: [{ kind: 'create', name: 'files', preview: { preview: true, id: 'x', wouldRecord: [], changes: [], refusal: null } }],
  }
  // One that is valid ends with exit code 0; what it says all the same is there to be drawn.
  const problems = [{ path: 'servers.0.config.callTimeoutMs', rule: 'type', says: 'must be a number' }]
  api.on('configuration.validate', () => ({ body: rewrite({ valid: true, problems }) }))
  for (const operation of ['configuration.restore', 'configuration.apply']) previewed(operation, plan)
  const event = JSON.stringify(rewrite(exampleEvent))
  api.streams.set('events.stream', `: heartbeat\n\nid: 1\nevent: x\ndata: ${event}\n\nid: 2\nevent: x\ndata: ${event}\n\n`)
  api.streams.set('events.export', `${event}\n${event}\n`)
  api.streams.set('commands.export', `"a","b"\r\n"${event.replaceAll('"', '""')}","2"\r\n`)
}
