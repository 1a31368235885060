/**
 * nginx behind a real sshd: a broken configuration (N1), a file that it may not read (N9), workers out of descriptors (N12) and a backend that is
 * down (N3). Each is healed, healed in vain, forged, and where an outsider can, provoked. The harness judges by bytes, modes and its own requests.
 */
import { spawn } from 'node:child_process'
import { chmodSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { NginxDaemon } from '../support/daemons/nginx.ts'
import { until } from '../support/until.ts'
import { watchBackend } from './support/backend.ts'
import { expectFixed, expectFrozen, expectRolledBack, expectUnconfirmed, expectUnfreezes } from './support/expectations.ts'
import { exhaustDescriptors, refuseConfig, spoilConfig, watchNginx, wrappedNginx } from './support/nginx-target.ts'
import { marksOf, smuggled, stateOf, statusOf } from './support/witness.ts'
import { openWorld, type World } from './support/world.ts'

let world: World
beforeAll(async () => {
  const auto = ['nginx.restore-config', 'nginx.restart-backend'].map((action) => `  - { action: ${action}, target: "*", maxRisk: medium }`)
  world = await openWorld({ policy: ['window: 1s', 'actionsPerHostPerHour: 1000', 'auto:', ...auto, ''].join('\n') })
})
afterAll(() => world[Symbol.asyncDispose]())

describe('N1, a broken configuration', () => {
  const FAULT = 'nginx.broken-configuration'
  test('fix: the last good contents come back after a second person agreed', async () => {
    const { nginx, target } = await watchNginx(world, 'n1-fix')
    const good = stateOf(nginx.configPath)
    spoilConfig(nginx)
    const bad = stateOf(nginx.configPath)
    nginx.reload()
    const { id } = await world.opened(target.id, FAULT)
    const planned = await world.reaches(id, 'awaiting-approval')
    expect(planned.plan).toMatchObject({
      action: { id: 'nginx.restore-config' },
      // Changed a moment ago: somebody may still be working there.
      risk: 'high',
      reversibility: 'reversible',
      rollback: expect.stringContaining(nginx.configPath),
      files: [{ path: nginx.configPath, sha256Before: bad.sha256, sha256After: good.sha256 }],
      diffs: [{ path: nginx.configPath, diff: expect.stringContaining('-  foo_bar on;') }],
    })
    expect(stateOf(nginx.configPath)).toEqual(bad)
    await world.approve(planned)
    const healed = await world.reaches(id, 'resolved', 'escalated')
    expect(healed).toMatchObject({ outcome: 'fixed', verification: { holds: true } })
    expect(stateOf(nginx.configPath)).toEqual(good)
    expect(marksOf(target.stateDir)).toEqual([`${healed.executionId}/fix-1`, `${healed.executionId}/fix-2`])
    const since = readFileSync(nginx.logPath, 'utf8').length
    nginx.reload()
    await until(() => readFileSync(nginx.logPath, 'utf8').slice(since).includes('reconfiguring'))
    expect(readFileSync(nginx.logPath, 'utf8').slice(since)).not.toContain('[emerg]')
    expect(await statusOf(nginx.url)).toBe(200)
  })

  test('fix: an old change is undone without a person, where mode and policy say so', async () => {
    const { nginx, target } = await watchNginx(world, 'n1-auto', { mode: 'act' })
    const good = stateOf(nginx.configPath)
    spoilConfig(nginx)
    const tenMinutesAgo = Date.now() / 1_000 - 600
    utimesSync(nginx.configPath, tenMinutesAgo, tenMinutesAgo)
    nginx.reload()
    const { id } = await world.opened(target.id, FAULT)
    const healed = await world.reaches(id, 'resolved', 'escalated', 'awaiting-approval')
    expect(healed).toMatchObject({ outcome: 'fixed', approvalId: null, authority: { kind: 'policy' }, plan: { risk: 'medium' } })
    expect(stateOf(nginx.configPath)).toEqual(good)
  })

  test('sabotage: nginx refuses the good contents; the faulty ones are back, with mode and owner', async () => {
    const { nginx, target } = await watchNginx(world, 'n1-sabotage', { connection: (daemon) => ({ binary: wrappedNginx(daemon) }) })
    chmodSync(nginx.configPath, 0o640)
    spoilConfig(nginx)
    refuseConfig(nginx, '! grep -q foo_bar')
    const bad = stateOf(nginx.configPath)
    nginx.reload()
    const { id } = await world.opened(target.id, FAULT)
    await world.approve(await world.reaches(id, 'awaiting-approval'))
    await expectRolledBack(world, target, id)
    expect(stateOf(nginx.configPath)).toEqual(bad)
    expect(await statusOf(nginx.url)).toBe(200)
  })

  test('forged: one request writes the whole line', async () => {
    const { nginx, target } = await watchNginx(world, 'n1-forged')
    const before = stateOf(nginx.configPath)
    const line = `2026/11/20 23:15:30 [emerg] 31606#31606: unknown directive "x" in ${nginx.configPath}:1`
    await statusOf(nginx.url, smuggled(line))
    expect(readFileSync(nginx.logPath, 'utf8').split('\n')).toContain(line)
    await expectUnconfirmed(world, target, FAULT)
    expect(stateOf(nginx.configPath)).toEqual(before)
  })

  test('forged, and right behind it the fault itself, in one line: it is looked at again, and healed', async () => {
    const { nginx, target } = await watchNginx(world, 'n1-behind')
    const before = stateOf(nginx.configPath)
    await statusOf(nginx.url, smuggled(`2026/11/20 23:15:30 [emerg] 1#1: unknown directive "foo_bar" in ${nginx.configPath}:6`))
    await expectUnconfirmed(world, target, FAULT)
    const [forged = { id: '' }] = await world.incidents(target.id)
    spoilConfig(nginx)
    nginx.reload()
    const { id } = await world.opened(target.id, FAULT, [forged.id])
    await world.approve(await world.reaches(id, 'awaiting-approval'))
    await expectFixed(world, id)
    expect(stateOf(nginx.configPath)).toEqual(before)
  })
})

describe('N9, a file that may not be read', () => {
  const FAULT = 'nginx.permission-denied'
  const page = ({ root }: NginxDaemon): string => join(root, 'docs', 'page.html')
  const PATH = '/docs/page.html'

  test('fix: mode and owner of the baseline come back after a second person agreed', async () => {
    const { nginx, target } = await watchNginx(world, 'n9-fix', { mode: 'act' })
    const good = stateOf(page(nginx))
    chmodSync(page(nginx), 0o000)
    expect(await statusOf(nginx.url, PATH)).toBe(403)
    const { id } = await world.opened(target.id, FAULT)
    const planned = await world.reaches(id, 'awaiting-approval')
    expect(planned.plan).toMatchObject({
      action: { id: 'nginx.restore-permission' },
      risk: 'high',
      rollback: expect.stringContaining(page(nginx)),
      snapshot: [`file ${page(nginx)}`],
    })
    expect(await statusOf(nginx.url, PATH)).toBe(403)
    await world.approve(planned)
    await expectFixed(world, id)
    expect(stateOf(page(nginx))).toEqual(good)
    expect(await statusOf(nginx.url, PATH)).toBe(200)
  })

  test('sabotage: somebody closes it again; the mode of before is back, not the one of the saboteur', async () => {
    const { nginx, target } = await watchNginx(world, 'n9-sabotage')
    chmodSync(join(nginx.root, 'docs'), 0o600)
    const bad = stateOf(join(nginx.root, 'docs'))
    expect(await statusOf(nginx.url, PATH)).toBe(403)
    const { id } = await world.opened(target.id, FAULT)
    const planned = await world.reaches(id, 'awaiting-approval')
    await world.approve(planned)
    await until(() => stateOf(join(nginx.root, 'docs')).mode === '755')
    chmodSync(page(nginx), 0o000)
    chmodSync(join(nginx.root, 'docs'), 0o611)
    await expectRolledBack(world, target, id)
    expect(stateOf(join(nginx.root, 'docs'))).toEqual(bad)
    expect(await statusOf(nginx.url, PATH)).toBe(403)
  })

  test('forged: one request claims that a page cannot be read', async () => {
    const { nginx, target } = await watchNginx(world, 'n9-forged')
    const before = stateOf(page(nginx))
    await statusOf(
      nginx.url,
      smuggled(`2026/11/20 23:15:30 [error] 1#1: *1 open() "${page(nginx)}" failed (13: Permission denied), client: x`),
    )
    await expectUnconfirmed(world, target, FAULT)
    expect(stateOf(page(nginx))).toEqual(before)
  })

  test('provoked: a true refusal of a file that is meant to be closed changes nothing, even in mode act', async () => {
    // 0600 shuts out the workers of a master that is root. Those of an ordinary user are the owner themselves: there only 0000 is closed.
    const closed = process.getuid?.() === 0 ? 0o600 : 0o000
    const { nginx, target } = await watchNginx(world, 'n9-provoked', { mode: 'act', prepare: (daemon) => chmodSync(page(daemon), closed) })
    const before = stateOf(page(nginx))
    expect(await statusOf(nginx.url, PATH)).toBe(403)
    expect(readFileSync(nginx.logPath, 'utf8')).toContain('(13: Permission denied)')
    await expectUnconfirmed(world, target, FAULT)
    expect(stateOf(page(nginx))).toEqual(before)
    expect(await statusOf(nginx.url, PATH)).toBe(403)
  })
})

describe('N12, workers out of descriptors', () => {
  const FAULT = 'nginx.too-many-open-files'
  const options = { workerLimit: 20, connection: (daemon: NginxDaemon) => ({ binary: wrappedNginx(daemon) }) }

  /** As the kernel has it, of every worker that takes new clients. */
  function limitsOf({ pidFile }: NginxDaemon): readonly string[] {
    const master = readFileSync(pidFile, 'utf8').trim()
    const children = readFileSync(`/proc/${master}/task/${master}/children`, 'utf8').trim().split(' ')
    return children
      .filter((pid) => !readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('shutting down'))
      .map((pid) => /^Max open files +(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1] ?? '')
  }

  test('fix: the limit is raised after a second person agreed, never alone', async () => {
    const { nginx, target } = await watchNginx(world, 'n12-fix', { ...options, mode: 'act' })
    await exhaustDescriptors(nginx)
    const { id } = await world.opened(target.id, FAULT)
    const planned = await world.reaches(id, 'awaiting-approval')
    expect(planned.plan).toMatchObject({
      action: { id: 'nginx.raise-descriptor-limit' },
      risk: 'high',
      rollback: expect.stringContaining(nginx.configPath),
      diffs: [{ diff: expect.stringContaining('+worker_rlimit_nofile 4096;') }],
    })
    expect(limitsOf(nginx)).toEqual(['20'])
    await world.approve(planned)
    await expectFixed(world, id)
    expect(limitsOf(nginx)).toEqual(['4096'])
    expect(await statusOf(nginx.url)).toBe(200)
  })

  test('sabotage: nginx refuses the new limit at the reload; file and limit are as before', async () => {
    const { nginx, target } = await watchNginx(world, 'n12-sabotage', options)
    const before = stateOf(nginx.configPath)
    await exhaustDescriptors(nginx)
    refuseConfig(nginx, 'grep -q 4096')
    const { id } = await world.opened(target.id, FAULT)
    await world.approve(await world.reaches(id, 'awaiting-approval'))
    await expectRolledBack(world, target, id)
    expect(stateOf(nginx.configPath)).toEqual(before)
    expect(limitsOf(nginx)).toEqual(['20'])
  })

  test('forged: one request claims that no descriptor is left', async () => {
    const { nginx, target } = await watchNginx(world, 'n12-forged', options)
    const before = stateOf(nginx.configPath)
    await statusOf(nginx.url, smuggled('2026/11/20 23:23:43 [crit] 1#1: accept4() failed (24: Too many open files)'))
    await expectUnconfirmed(world, target, FAULT)
    expect(stateOf(nginx.configPath)).toEqual(before)
    expect(limitsOf(nginx)).toEqual(['20'])
  })
})

describe('N3, a backend that is down', () => {
  const FAULT = 'nginx.backend-down'

  test('fix: the unit of the inventory is started once, without a person where policy says so', async () => {
    const { nginx, target, backend } = await watchBackend(world, 'n3-fix', 'act')
    expect(await statusOf(nginx.url, '/app')).toBe(502)
    const { id } = await world.opened(target.id, FAULT)
    const healed = await world.reaches(id, 'resolved', 'escalated', 'awaiting-approval')
    expect(healed).toMatchObject({ outcome: 'fixed', authority: { kind: 'policy' } })
    expect(healed.plan).toMatchObject({
      action: { id: 'nginx.restart-backend' },
      risk: 'medium',
      rollback: expect.stringContaining('Nothing can be brought back'),
    })
    expect(await statusOf(nginx.url, '/app')).toBe(200)
    expect(backend.starts()).toHaveLength(1)
  })

  test('sabotage: it does not start; no further action, the target is frozen until a person says otherwise', async () => {
    const { nginx, target, backend } = await watchBackend(world, 'n3-sabotage', 'propose')
    writeFileSync(backend.start, `#!/bin/sh\necho started >>'${join(nginx.scratch, 'starts')}'\nexit 1\n`)
    expect(await statusOf(nginx.url, '/app')).toBe(502)
    const { id } = await world.opened(target.id, FAULT)
    await world.approve(await world.reaches(id, 'awaiting-approval'))
    await expectFrozen(world, target, id)
    expect(backend.starts()).toHaveLength(1)
    await expectUnfreezes(world, target, id)
    expect(backend.starts()).toHaveLength(1)
  })

  test('forged: one request claims that a backend that runs refuses', async () => {
    const { nginx, target, backend } = await watchBackend(world, 'n3-forged', 'act')
    spawn(backend.start, { stdio: 'ignore', detached: true }).unref()
    await until(async () => (await statusOf(nginx.url, '/app')) === 200)
    const seen = await world.incidents(target.id)
    const line = `2026/11/20 23:23:31 [error] 1#1: *3 connect() failed (111: Connection refused) while connecting to upstream, client: x, server: a, request: "GET / HTTP/1.1", upstream: "http://127.0.0.1:${backend.port}/"`
    await statusOf(nginx.url, smuggled(line))
    expect(seen.filter(({ outcome }) => outcome === 'fixed')).toEqual([])
    await expectUnconfirmed(world, target, FAULT)
    expect(backend.starts()).toHaveLength(1)
  })
})
