/** The nginx actions against a real nginx: each proves its fault, cures it, proves the cure, and gives the earlier state back. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { findAction } from '../../../src/domain/catalogue/catalogue.ts'
import { restoreModes } from '../../../src/domain/catalogue/common/access.ts'
import { differences } from '../../../src/domain/catalogue/common/file-state.ts'
import { healthProbe } from '../../../src/domain/catalogue/health.ts'
import type { TargetInventory } from '../../../src/domain/catalogue/inventory.ts'
import { denyAll } from '../../../src/domain/policy.ts'
import { freePort } from '../../support/daemons/free-port.ts'
import { type NginxDaemon, startNginx, until } from '../../support/daemons/nginx.ts'
import { recordBaseline, stateOf } from '../../support/local-baseline.ts'
import { ask, execute, localRunner } from '../../support/local-runner.ts'
import { planRemedy, recognise } from '../../support/plan-remedy.ts'

const runner = localRunner()
let nginx: NginxDaemon

const targetOf = (daemon: NginxDaemon, more: object = {}): TargetInventory => ({
  targetId: 't1',
  name: 'web',
  hostId: 'h1',
  service: 'nginx',
  logPaths: [daemon.logPath],
  configPaths: [daemon.configPath],
  stateDir: join(daemon.scratch, 'state of steward'),
  connection: { kind: 'nginx', pidFile: daemon.pidFile, url: daemon.url, roots: [daemon.root], ...more },
})

const lastLineOf = (daemon: NginxDaemon, word: string): string | undefined =>
  readFileSync(daemon.logPath, 'utf8')
    .split('\n')
    .findLast((line) => line.includes(word))

const get = async (url: string): Promise<number> => {
  const response = await fetch(url, { headers: { connection: 'close' } })
  await response.body?.cancel()
  return response.status
}

describe('nginx.restore-config', () => {
  beforeEach(async () => {
    nginx = await startNginx()
  })
  afterEach(() => nginx.stop())

  const breakIt = async () => {
    writeFileSync(nginx.configPath, readFileSync(nginx.configPath, 'utf8').replace('http {', 'http {\n  foo_bar on;'))
    nginx.reload()
    await until(() => lastLineOf(nginx, '[emerg]') !== undefined)
  }

  test('a sound configuration is no fault', async () => {
    const target = targetOf(nginx)
    const action = planRemedy('nginx.broken-configuration', { target, baseline: await recordBaseline(runner, target) })
    expect((await ask(runner, action.precondition)).kind).toBe('does-not-hold')
  })

  test('puts the last good content back, reloads, and proves both', async () => {
    const target = targetOf(nginx)
    const baseline = await recordBaseline(runner, target)
    const good = readFileSync(nginx.configPath)
    await breakIt()
    expect(recognise(lastLineOf(nginx, '[emerg]') ?? '')?.fault).toBe('nginx.broken-configuration')
    const action = planRemedy('nginx.broken-configuration', { target, baseline })
    expect((await ask(runner, action.precondition)).kind).toBe('holds')
    expect((await ask(runner, action.postcondition)).kind).toBe('does-not-hold')
    const workers = (await children()).join()
    const execution = await execute(runner, action, { stateDir: target.stateDir, executionId: 'e1' })
    expect(execution.failure).toBeUndefined()
    expect(execution.permitted).toBe(true)
    expect(readFileSync(nginx.configPath)).toEqual(good)
    expect((await children()).join()).not.toBe(workers)
    expect((await ask(runner, action.postcondition)).kind).toBe('holds')
    expect((await ask(runner, action.precondition)).kind).toBe('does-not-hold')
  })

  test('its own probes write no line into the log that is watched', async () => {
    const target = targetOf(nginx)
    const action = planRemedy('nginx.broken-configuration', { target, baseline: await recordBaseline(runner, target) })
    await breakIt()
    const before = readFileSync(nginx.logPath, 'utf8')
    await ask(runner, action.precondition)
    expect(readFileSync(nginx.logPath, 'utf8')).toBe(before)
  })

  test('a change made a moment ago is left to a person; an old one need not be', async () => {
    const target = targetOf(nginx)
    const action = planRemedy('nginx.broken-configuration', { target, baseline: await recordBaseline(runner, target) })
    await breakIt()
    const riskNow = async () => action.given(await runner.run(action.precondition.run))?.risk
    expect(await riskNow()).toBe('high')
    await runner.run({ kind: 'exec', argv: ['touch', '-d', '10 minutes ago', nginx.configPath] })
    expect(await riskNow()).toBe('medium')
  })

  test('the preview is the content that will be there', async () => {
    const target = targetOf(nginx)
    const action = planRemedy('nginx.broken-configuration', { target, baseline: await recordBaseline(runner, target) })
    const good = readFileSync(nginx.configPath, 'utf8')
    await breakIt()
    const previews = action.given(await runner.run(action.precondition.run))?.previews ?? []
    expect(previews.map(({ path }) => path)).toEqual([nginx.configPath])
    const [preview] = previews
    expect(preview && (await runner.run(preview.content))).toMatchObject({ exitCode: 0, stdout: good })
  })

  test('a roll back gives the faulty bytes, mode and owner back', async () => {
    const target = targetOf(nginx)
    const action = planRemedy('nginx.broken-configuration', { target, baseline: await recordBaseline(runner, target) })
    chmodSync(nginx.configPath, 0o640)
    await breakIt()
    const before = await stateOf(runner, [nginx.configPath])
    const execution = await execute(runner, action, { stateDir: target.stateDir, executionId: 'e1' })
    expect(differences(before, await stateOf(runner, [nginx.configPath])).map(({ field }) => field)).toEqual(['sha256'])
    expect(await execution.rollBack()).toBeUndefined()
    expect(differences(before, await stateOf(runner, [nginx.configPath]))).toEqual([])
    expect(await get(nginx.url)).toBe(200)
  })

  test('of several files only the one that changed is touched', async () => {
    const included = join(nginx.scratch, 'extra.conf')
    writeFileSync(included, 'server_tokens off;\n')
    writeFileSync(nginx.configPath, readFileSync(nginx.configPath, 'utf8').replace('http {', `http {\n  include "${included}";`))
    const target = { ...targetOf(nginx), configPaths: [nginx.configPath, included] }
    const baseline = await recordBaseline(runner, target)
    writeFileSync(included, 'server_tokens maybe;\n')
    const action = planRemedy('nginx.broken-configuration', { target, baseline })
    const inode = statSync(nginx.configPath).ino
    expect((await ask(runner, action.precondition)).kind).toBe('holds')
    expect((await execute(runner, action, { stateDir: target.stateDir, executionId: 'e1' })).failure).toBeUndefined()
    expect((await ask(runner, action.postcondition)).kind).toBe('holds')
    expect(readFileSync(included, 'utf8')).toBe('server_tokens off;\n')
    expect(statSync(nginx.configPath).ino).toBe(inode)
  })

  test('what nginx refuses although every file is as recorded has another cause', async () => {
    const target = targetOf(nginx)
    const included = join(nginx.scratch, 'extra.conf')
    writeFileSync(included, 'server_tokens off;\n')
    writeFileSync(nginx.configPath, readFileSync(nginx.configPath, 'utf8').replace('http {', `http {\n  include "${included}";`))
    const action = planRemedy('nginx.broken-configuration', { target, baseline: await recordBaseline(runner, target) })
    writeFileSync(included, 'nonsense;\n')
    expect(await ask(runner, action.precondition)).toMatchObject({ kind: 'does-not-hold', facts: { accepted: false } })
  })

  test('a harmed content is not put in place', async () => {
    const target = targetOf(nginx)
    const baseline = await recordBaseline(runner, target)
    const action = planRemedy('nginx.broken-configuration', { target, baseline })
    await breakIt()
    writeFileSync(join(target.stateDir, 'contents', baseline.get(nginx.configPath)?.sha256 ?? ''), 'harmed')
    expect((await ask(runner, action.precondition)).kind).toBe('does-not-hold')
    const broken = readFileSync(nginx.configPath, 'utf8')
    const execution = await execute(runner, action, { stateDir: target.stateDir, executionId: 'e1' })
    expect(execution.permitted).toBe(false)
    expect(execution.failure).toContain('missing or harmed')
    expect(readFileSync(nginx.configPath, 'utf8')).toBe(broken)
  })
})

const children = async (): Promise<readonly string[]> => {
  const master = readFileSync(nginx.pidFile, 'utf8').trim()
  const output = await runner.run({ kind: 'exec', argv: ['ps', '--ppid', master, '-o', 'pid='] })
  return output.kind === 'text' ? output.stdout.split('\n').map((line) => line.trim()) : []
}

describe('nginx.restore-permission', () => {
  beforeEach(async () => {
    nginx = await startNginx()
  })
  afterEach(() => nginx.stop())

  const page = () => join(nginx.root, 'docs', 'page.html')
  const plan = async (target: TargetInventory, baseline: Awaited<ReturnType<typeof recordBaseline>>) => {
    await until(() => lastLineOf(nginx, '(13: Permission denied)') !== undefined)
    const seen = recognise(lastLineOf(nginx, '(13: Permission denied)') ?? '')
    expect(seen?.fault).toBe('nginx.permission-denied')
    return planRemedy('nginx.permission-denied', { target, baseline, hints: seen?.hints ?? {} })
  }

  test('a file that is meant to be closed is no fault, whoever asks for it', async () => {
    const target = targetOf(nginx)
    // The workers of a master that is not root are the owner of the file: there only 0000 is closed.
    chmodSync(page(), process.getuid?.() === 0 ? 0o600 : 0o000)
    const baseline = await recordBaseline(runner, target)
    expect(await get(`${nginx.url}docs/page.html`)).toBe(403)
    const action = await plan(target, baseline)
    expect(await ask(runner, action.precondition)).toMatchObject({
      kind: 'does-not-hold',
      facts: { granted: false, grantedByBaseline: false },
    })
  })

  test.each([
    { what: 'the mode of the file', spoil: () => chmodSync(page(), 0o000) },
    { what: 'the mode of a directory above it', spoil: () => chmodSync(join(nginx.root, 'docs'), 0o000) },
    { what: 'the mode of the root', spoil: () => chmodSync(nginx.root, 0o600) },
  ])('gives back $what, and the earlier state on a roll back', async ({ spoil }) => {
    const target = targetOf(nginx)
    const baseline = await recordBaseline(runner, target)
    spoil()
    expect(await get(`${nginx.url}docs/page.html`)).toBe(403)
    const action = await plan(target, baseline)
    expect((await ask(runner, action.precondition)).kind).toBe('holds')
    const closed = action
      .given(await runner.run(action.precondition.run))
      ?.snapshot.flatMap((item) => (item.kind === 'file' ? [item.path] : []))
    const paths = closed ?? []
    expect(paths).toHaveLength(1)
    const before = await stateOf(runner, paths)
    const execution = await execute(runner, action, { stateDir: target.stateDir, executionId: 'e1' })
    expect(execution.failure).toBeUndefined()
    expect(execution.prepared.risk).toBe('high')
    expect((await ask(runner, action.postcondition)).kind).toBe('holds')
    expect(await get(`${nginx.url}docs/page.html`)).toBe(200)
    expect(await execution.rollBack()).toBeUndefined()
    expect(differences(before, await stateOf(runner, paths))).toEqual([])
    expect(await get(`${nginx.url}docs/page.html`)).toBe(403)
  })

  test('gives back a changed owner', { tags: ['root'] }, async () => {
    const target = targetOf(nginx)
    chownSync(page(), 65_534, 65_534)
    chmodSync(page(), 0o400)
    const baseline = await recordBaseline(runner, target)
    chownSync(page(), 0, 0)
    expect(await get(`${nginx.url}docs/page.html`)).toBe(403)
    const action = await plan(target, baseline)
    const execution = await execute(runner, action, { stateDir: target.stateDir, executionId: 'e1' })
    expect(execution.failure).toBeUndefined()
    expect((await ask(runner, action.postcondition)).kind).toBe('holds')
    expect(await get(`${nginx.url}docs/page.html`)).toBe(200)
  })

  test('a link in the place of the file is never followed', async () => {
    const target = targetOf(nginx)
    const baseline = await recordBaseline(runner, target)
    const secret = join(nginx.scratch, 'secret')
    writeFileSync(secret, 'secret', { mode: 0o600 })
    const way = planRemedy('nginx.permission-denied', { target, baseline, hints: { path: page() } })
    await runner.run({ kind: 'exec', argv: ['ln', '-sf', secret, page()] })
    expect((await ask(runner, way.precondition)).kind).toBe('does-not-hold')
    const [root, docs, recorded] = [nginx.root, join(nginx.root, 'docs'), page()]
      .map((path) => baseline.get(path))
      .flatMap((entry) => entry ?? [])
    const points = [root, docs, recorded].flatMap((entry) =>
      entry ? [{ path: entry.path, mode: entry.mode, uid: entry.uid, gid: entry.gid }] : [],
    )
    expect(await runner.run(restoreModes(points[0], points))).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('is a link') })
    expect(await stateOf(runner, [secret])).toMatchObject([{ mode: '600' }])
  })

  test('nothing outside of the baseline is planned for', async () => {
    const target = targetOf(nginx)
    const baseline = await recordBaseline(runner, target)
    for (const path of ['/etc/shadow', `${nginx.root}/../secret`, nginx.root, join(nginx.root, 'unknown.html')]) {
      expect(() => planRemedy('nginx.permission-denied', { target, baseline, hints: { path } })).toThrow(
        /^missing \$\{baseline\.way\(hint\.path\)\}$/,
      )
    }
  })

  test('dotfiles and keys are refused by name', async () => {
    const target = targetOf(nginx)
    for (const name of ['.env', 'server.key', 'id_rsa']) {
      writeFileSync(join(nginx.root, name), 'secret', { mode: 0o644 })
      const baseline = await recordBaseline(runner, target)
      expect(() => planRemedy('nginx.permission-denied', { target, baseline, hints: { path: join(nginx.root, name) } })).toThrow(
        'way: must not name a dotfile, a key or another secret',
      )
    }
  })
})

describe('nginx.raise-descriptor-limit', () => {
  const held: Socket[] = []
  beforeEach(async () => {
    nginx = await startNginx({ workerLimit: 20 })
  })
  afterEach(async () => {
    for (const socket of held.splice(0)) socket.destroy()
    await nginx.stop()
  })

  const exhaust = async () => {
    await until(async () => {
      const socket = connect(nginx.port, '127.0.0.1')
      socket.on('error', () => {})
      held.push(socket)
      await Promise.race([once(socket, 'connect'), once(socket, 'close')])
      return lastLineOf(nginx, 'Too many open files') !== undefined
    })
  }
  const plan = (target: TargetInventory) => planRemedy('nginx.too-many-open-files', { target, baseline: new Map() })

  test('a worker with descriptors to spare is no fault', async () => {
    expect((await ask(runner, plan(targetOf(nginx)).precondition)).kind).toBe('does-not-hold')
  })

  test('raises the limit of the workers, always by a person, and takes it back', async () => {
    const target = targetOf(nginx)
    await exhaust()
    expect(recognise(lastLineOf(nginx, 'Too many open files') ?? '')?.fault).toBe('nginx.too-many-open-files')
    const action = plan(target)
    expect((await ask(runner, action.precondition)).kind).toBe('holds')
    const before = await stateOf(runner, [nginx.configPath])
    const execution = await execute(runner, action, { stateDir: target.stateDir, executionId: 'e1' })
    expect(execution.failure).toBeUndefined()
    expect(execution.prepared).toMatchObject({ risk: 'high', beyondBaseline: true })
    expect(await ask(runner, action.postcondition)).toMatchObject({ kind: 'holds', facts: { softLimit: 4096 } })
    expect(await execution.rollBack()).toBeUndefined()
    expect(differences(before, await stateOf(runner, [nginx.configPath]))).toEqual([])
    expect(await ask(runner, action.postcondition)).toMatchObject({ kind: 'does-not-hold', facts: { softLimit: 20 } })
  })

  test('never goes above the ceiling of the policy', async () => {
    const target = targetOf(nginx)
    await exhaust()
    const policy = { ...denyAll, ceilings: { 'nginx.descriptors': 20 } }
    const bounded = planRemedy('nginx.too-many-open-files', {
      target,
      baseline: new Map(),
      policy: { ...policy, ceilings: { 'nginx.descriptors': 64 } },
    })
    expect(bounded.params['limit']).toBe(64)
    expect(() => planRemedy('nginx.too-many-open-files', { target, baseline: new Map(), policy })).toThrow('limit: ')
  })

  test('the preview is what the step writes', async () => {
    const target = targetOf(nginx)
    await exhaust()
    const prepared = plan(target).given(await runner.run(plan(target).precondition.run))
    const [preview] = prepared?.previews ?? []
    const shown = preview && (await runner.run(preview.content))
    await execute(runner, plan(target), { stateDir: target.stateDir, executionId: 'e1' })
    expect(shown).toMatchObject({ exitCode: 0, stdout: readFileSync(nginx.configPath, 'utf8') })
    expect(readFileSync(nginx.configPath, 'utf8')).toContain('worker_rlimit_nofile 4096;')
  })

  test('a configuration that nginx refuses is never put in place', async () => {
    const target = targetOf(nginx)
    await exhaust()
    const prepared = plan(target).given(await runner.run(plan(target).precondition.run))
    writeFileSync(nginx.configPath, 'nonsense;\n')
    const [write] = prepared?.steps ?? []
    expect(write && (await runner.run(write.run))).toMatchObject({ exitCode: 1 })
    expect(readFileSync(nginx.configPath, 'utf8')).toBe('nonsense;\n')
  })
})

describe('nginx.restart-backend', () => {
  let backendPort: number
  beforeEach(async () => {
    backendPort = await freePort()
    nginx = await startNginx({ upstream: `127.0.0.1:${backendPort}` })
  })
  afterEach(async () => {
    const pidFile = join(nginx.scratch, 'backend.pid')
    if (existsSync(pidFile)) {
      try {
        process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL')
      } catch {
        // It ended before.
      }
    }
    await nginx.stop()
  })

  const withBackend = () => {
    const start = join(nginx.scratch, 'start backend')
    const pidFile = join(nginx.scratch, 'backend.pid')
    const program = `require('node:http').createServer((_, answer) => answer.end('app')).listen(${backendPort}, '127.0.0.1')`
    writeFileSync(start, `#!/bin/sh\necho $$ > '${pidFile}'\nexec '${process.execPath}' -e "${program}"\n`, { mode: 0o755 })
    return targetOf(nginx, { backends: [{ address: `127.0.0.1:${backendPort}`, control: { kind: 'direct', start, pidFile } }] })
  }

  test('starts the unit behind the address that refuses, and the route answers again', async () => {
    const target = withBackend()
    expect(await get(`${nginx.url}app`)).toBe(502)
    const seen = recognise(lastLineOf(nginx, 'Connection refused') ?? '')
    expect(seen).toEqual({ fault: 'nginx.backend-down', hints: { upstream: `127.0.0.1:${backendPort}` } })
    const action = planRemedy('nginx.backend-down', { target, baseline: new Map(), hints: seen?.hints ?? {} })
    expect(await ask(runner, action.precondition)).toMatchObject({ kind: 'holds', facts: { connect: 'refused', process: 'stopped' } })
    expect((await execute(runner, action, { stateDir: target.stateDir, executionId: 'e1' })).failure).toBeUndefined()
    await until(async () => (await ask(runner, action.postcondition)).kind === 'holds')
    expect((await ask(runner, action.precondition)).kind).toBe('does-not-hold')
    await until(async () => (await get(`${nginx.url}app`)) === 200)
  })

  test('an address that the inventory does not name has no unit', () => {
    expect(() =>
      planRemedy('nginx.backend-down', { target: withBackend(), baseline: new Map(), hints: { upstream: '127.0.0.1:22' } }),
    ).toThrow(/^missing \$\{target\.backend\(hint\.upstream\)\}$/)
  })

  test('a process that runs and refuses has another fault', async () => {
    const target = withBackend()
    const idle = spawn('sleep', ['30'])
    writeFileSync(join(nginx.scratch, 'backend.pid'), String(idle.pid))
    const action = planRemedy('nginx.backend-down', { target, baseline: new Map(), hints: { upstream: `127.0.0.1:${backendPort}` } })
    expect(await ask(runner, action.precondition)).toMatchObject({
      kind: 'does-not-hold',
      facts: { connect: 'refused', process: 'running' },
    })
  })

  test('a unit that does not come up is a failed step', async () => {
    const target = withBackend()
    writeFileSync(join(nginx.scratch, 'start backend'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
    const action = planRemedy('nginx.backend-down', { target, baseline: new Map(), hints: { upstream: `127.0.0.1:${backendPort}` } })
    const { failure } = await execute(runner, action, { stateDir: target.stateDir, executionId: 'e1' })
    expect(failure).toContain('ended with code 1')
  })
})

describe('the wellness probe of nginx', () => {
  test('tells up from down', async () => {
    nginx = await startNginx()
    const probe = healthProbe(targetOf(nginx))
    if (probe === undefined) throw new Error('no probe')
    expect(probe.read(await runner.run(probe.run))).toEqual({ level: 'up', facts: { master: 'alive', workers: 1, status: '200' } })
    const pidFile = readFileSync(nginx.pidFile)
    const { scratch } = nginx
    await nginx.stop()
    mkdirSync(scratch)
    writeFileSync(nginx.pidFile, pidFile)
    expect(probe.read(await runner.run(probe.run)).level).toBe('down')
    await runner.run({ kind: 'exec', argv: ['rm', '-r', scratch] })
  })
})

test('a baseline asks nginx itself for the served directories when the registration names none', async () => {
  nginx = await startNginx()
  onTestFinished(() => nginx.stop())
  const { connection: _connection, ...target } = targetOf(nginx)
  symlinkSync('/etc', join(nginx.root, 'link'))
  const baseline = await recordBaseline(runner, target)
  expect(baseline.get(join(nginx.root, 'docs', 'page.html'))).toMatchObject({ kind: 'file', mode: '0644' })
  expect(baseline.get(join(nginx.root, 'link'))).toMatchObject({ kind: 'symlink', linkTarget: '/etc' })
  expect(baseline.get(nginx.configPath)?.sha256).toMatch(/^[0-9a-f]{64}$/)
})

test('every action says what it is', () => {
  expect(findAction('nginx.restore-config')).toMatchObject({ version: 1, service: 'nginx', reversibility: 'reversible' })
  expect(findAction('nginx.rm-rf')).toBeUndefined()
})
