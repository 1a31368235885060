/** What the fake needs beyond the examples, so that every verb gets to its end: the key of a host to confirm, and streams. */
import { exampleEvent } from '../../../src/api/schemas/event.ts'
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
  const event = JSON.stringify(rewrite(exampleEvent))
  api.streams.set('events.stream', `: heartbeat\n\nid: 1\nevent: x\ndata: ${event}\n\nid: 2\nevent: x\ndata: ${event}\n\n`)
  api.streams.set('events.export', `${event}\n${event}\n`)
  api.streams.set('commands.export', `"a","b"\r\n"${event.replaceAll('"', '""')}","2"\r\n`)
}
