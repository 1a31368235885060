/** Why a host was not reached is told truthfully, and no stranger is ever taken for it. */
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { keyPair } from '../../../src/adapters/ssh/practice-keys.ts'
import type { HostAddress, RemoteHost } from '../../../src/domain/ports/remote-host.ts'
import { RemoteOutcomeUnknown } from '../../../src/domain/ports/remote-host.ts'
import { until } from '../../support/until.ts'
import type { CurrentHost } from '../support/host-under-test.ts'
import { spawnStep } from '../support/step-process.ts'

const hello = { kind: 'exec', argv: ['echo', 'hello'] } as const
const ask = (host: RemoteHost) => host.execute(hello, { timeoutMs: 5_000 })

export function reachCases(current: CurrentHost): void {
  const opened = (change: Partial<HostAddress>): RemoteHost => current().hosts.open(current().address({ hostId: 'other', ...change }))
  const unreachable = (rule: string, hostId = 'other') => ({ name: 'HostUnreachable', rule, hostId })

  test('a server with another host key is not the host, whatever it offers', async () => {
    const { server, dir } = current()
    const [type = ''] = server.hostKey.key.split(' ')
    const stranger = keyPair(dir, 'stranger').publicKey.split(' ').slice(0, 2).join(' ')
    await expect(ask(opened({ hostKey: { ...server.hostKey, key: stranger } }))).rejects.toMatchObject(unreachable('host-key-mismatch'))
    await expect(ask(opened({ hostKey: { ...server.hostKey, key: 'nonsense' } }))).rejects.toMatchObject(unreachable('host-key-mismatch'))
    // A key of a type that the server does not have.
    await expect(ask(opened({ hostKey: { ...server.hostKey, key: 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7' } }))).rejects.toMatchObject(
      unreachable('host-key-mismatch'),
    )
    expect(
      await ask(opened({ hostKey: { ...server.hostKey, key: `${type} ${server.hostKey.key.split(' ')[1]} a comment` } })),
    ).toMatchObject({ exitCode: 0 })
  })

  test('the key that a server shows can be read without logging in', async () => {
    const { hosts, server } = current()
    expect(await hosts.scanHostKey(server.address, server.port, {})).toStrictEqual(server.hostKey)
    await expect(hosts.scanHostKey('no-such-host.invalid', 22, {})).rejects.toMatchObject({ rule: 'unresolvable' })
  })

  test('a key that the server does not know is rejected', async () => {
    const { dir } = current()
    const { path } = keyPair(dir, 'unknown')
    await expect(ask(opened({ privateKey: `file:${path}` }))).rejects.toMatchObject(unreachable('key-rejected'))
    await expect(ask(opened({ username: 'nobody-here' }))).rejects.toMatchObject(unreachable('key-rejected'))
  })

  test('a private key that cannot be read is our fault, and says so', async () => {
    const here = current()
    await expect(ask(opened({ privateKey: `file:${here.path('none')}` }))).rejects.toMatchObject(unreachable('key-unreadable'))
    writeFileSync(here.path('garbage'), 'not a key')
    await expect(ask(opened({ privateKey: `file:${here.path('garbage')}` }))).rejects.toMatchObject(unreachable('key-unreadable'))
    writeFileSync(here.path('public'), keyPair(here.dir, 'pair').publicKey)
    await expect(ask(opened({ privateKey: `file:${here.path('public')}` }))).rejects.toMatchObject(unreachable('key-unreadable'))
  })

  test('a host that is down, one without a name, and one that is silent are three things', async () => {
    const { line } = current()
    await line.stop()
    await expect(ask(current().fragile)).rejects.toMatchObject(unreachable('refused', 'web-2'))
    await expect(ask(opened({ address: 'no-such-host.invalid' }))).rejects.toMatchObject(unreachable('unresolvable'))
    const silent = createServer(() => undefined).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const address = silent.address()
    if (address === null || typeof address === 'string') throw new TypeError('no port')
    await expect(ask(opened({ port: address.port }))).rejects.toMatchObject(unreachable('timeout'))
    silent.close()
  })

  test('a server that hangs up before the login is a lost connection', async () => {
    const rude = createServer((socket) => socket.end()).listen(0, '127.0.0.1')
    await once(rude, 'listening')
    const address = rude.address()
    if (address === null || typeof address === 'string') throw new TypeError('no port')
    await expect(ask(opened({ port: address.port }))).rejects.toMatchObject(unreachable('connection-lost'))
    rude.close()
  })

  test('one connection serves all, and a lost one is opened again by the next program', async () => {
    const { fragile, line } = current()
    await Promise.all(Array.from({ length: 10 }, () => ask(fragile)))
    expect(line.connections).toBe(1)
    line.resetConnections()
    await until(() => line.connections === 0)
    expect(await ask(fragile)).toMatchObject({ stdout: 'hello\n' })
    expect(line.connections).toBe(1)
  })

  test('what was sent and not answered is unknown, not failed', async () => {
    const here = current()
    const running = here.fragile.execute(
      { kind: 'exec', argv: ['sh', '-c', 'touch "$1"; sleep 5', 'sh', here.path('begun')] },
      { timeoutMs: 9_000 },
    )
    const outcome = expect(running).rejects.toThrow(RemoteOutcomeUnknown)
    await until(() => existsSync(here.path('begun')))
    here.line.resetConnections()
    await outcome
  })

  test('a connection that died silently is noticed by keep-alives, and replaced', async () => {
    const { fragile, line } = current()
    await ask(fragile)
    line.freeze()
    await expect(ask(fragile)).rejects.toMatchObject({ name: 'HostUnreachable', rule: 'timeout' })
    line.thaw()
    expect(await ask(fragile)).toMatchObject({ stdout: 'hello\n' })
  })

  test('a caller that gives up in line is gone at once', async () => {
    const { host } = current()
    const giveUp = new AbortController()
    const busy = Array.from({ length: 8 }, () => host.execute({ kind: 'exec', argv: ['sleep', '0.5'] }, { timeoutMs: 5_000 }))
    const waiting = host.execute(hello, { timeoutMs: 5_000, signal: giveUp.signal })
    const outcome = expect(waiting).rejects.toThrow('enough')
    giveUp.abort(new Error('enough'))
    await outcome
    await Promise.all(busy)
    expect(await ask(host)).toMatchObject({ stdout: 'hello\n' })
  })

  test('after close nothing is reached, and nothing is left open', async () => {
    const { hosts, fragile, line } = current()
    await ask(fragile)
    await hosts.forget('web-2')
    await until(() => line.connections === 0)
    await expect(ask(fragile)).rejects.toMatchObject(unreachable('closed', 'web-2'))
  })

  test('a process that has closed its hosts ends by itself', async () => {
    const here = current()
    const mark = { stateDir: here.path('state'), executionId: 'exec-1', step: '1' }
    const caller = spawnStep({ address: here.address(), program: hello, timeoutMs: 60_000, mark })
    expect(await once(caller, 'exit')).toStrictEqual([0, null])
  })

  test('a host whose address has changed gets a new connection', async () => {
    const { hosts, address, line } = current()
    const before = hosts.open(address({ hostId: 'moved' }))
    expect(hosts.open(address({ hostId: 'moved' }))).toBe(before)
    const after = hosts.open(address({ hostId: 'moved', port: line.port }))
    expect(after).not.toBe(before)
    expect(await ask(after)).toMatchObject({ exitCode: 0 })
    await expect(ask(before)).rejects.toMatchObject({ rule: 'closed' })
  })
}
