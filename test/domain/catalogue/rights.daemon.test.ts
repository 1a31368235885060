/** A right that is missing is proven before a plan is offered, by the real nginx, Redis and shell; and one that is there is never taken for missing. */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { missingRights } from '../../../src/commands/effects/rights.ts'
import { mayChangeModes, mayEdit, mayPut, mayStart } from '../../../src/domain/catalogue/common/rights.ts'
import type { TargetInventory } from '../../../src/domain/catalogue/inventory.ts'
import { mayReload } from '../../../src/domain/catalogue/nginx/reload.ts'
import { mayConfigure, maySave } from '../../../src/domain/catalogue/redis/rights.ts'
import type { Right } from '../../../src/domain/catalogue/right.ts'
import { startNginx } from '../../support/daemons/nginx.ts'
import { type RedisDaemon, startRedis } from '../../support/daemons/redis.ts'
import { localReached } from '../../support/local-reached.ts'
import { type LocalRunnerOptions, localRunner } from '../../support/local-runner.ts'

const NOBODY = 65_534
const isRoot = process.getuid?.() === 0
const signal = new AbortController().signal
const inventory: TargetInventory = {
  ...{ targetId: 't', name: 't', hostId: 'h', service: 'nginx', logPaths: [], configPaths: [], stateDir: '/s' },
}
const missing = (rights: readonly Right[], options: LocalRunnerOptions = {}, target = inventory) =>
  missingRights(rights, localReached(localRunner(options), target), signal)

describe('nginx', () => {
  const started = async () => {
    const nginx = await startNginx()
    onTestFinished(() => nginx.stop())
    return nginx
  }

  test('its own account may signal the master', async () => {
    const { pidFile, configPath } = await started()
    expect(await missing([mayReload({ binary: 'nginx', configPath, pidFile })])).toBeUndefined()
  })

  test('another account may not, and is told whose process it is', { tags: ['root'] }, async () => {
    const { pidFile, configPath } = await started()
    chmodSync(pidFile, 0o644)
    const says = await missing([mayReload({ binary: 'nginx', configPath, pidFile })], { uid: NOBODY })
    expect(says).toMatch(
      /The account steward on host here may not signal the nginx master.*belongs to root.*To allow it: register the host/,
    )
  })

  test('where no master is named nothing is proven', async () => {
    const { pidFile, configPath } = await started()
    writeFileSync(pidFile, `${process.pid}\n`)
    expect(await missing([mayReload({ binary: 'nginx', configPath, pidFile })], isRoot ? { uid: NOBODY } : {})).toBeUndefined()
    expect(await missing([mayReload({ binary: 'nginx', configPath, pidFile: '/nowhere' })])).toBeUndefined()
  })
})

describe('Redis', () => {
  let redis: RedisDaemon
  beforeEach(async () => {
    redis = await startRedis()
  })
  afterEach(() => redis.stop())

  const target = { ...inventory, service: 'redis', connection: { kind: 'redis', at: { socket: '/r' }, user: 'healer' } } as const
  const missingInRedis = (rights: readonly Right[]) => missing(rights, { redisSocket: redis.socket }, target)
  const acl = (...rules: readonly string[]) => redis.command('ACL', 'SETUSER', 'default', ...rules)

  test('a user that may do everything lacks nothing, and nothing is changed by asking', async () => {
    const settings = async () => JSON.stringify(await redis.command('CONFIG', 'GET', '*'))
    const before = await settings()
    expect(await missingInRedis([...mayConfigure, ...maySave])).toBeUndefined()
    expect(await settings()).toBe(before)
    expect(String(await redis.command('INFO', 'persistence'))).toContain('rdb_bgsave_in_progress:0')
    expect(String(await redis.command('INFO', 'persistence'))).toContain('rdb_saves:0')
  })

  test.each([
    { rule: '-config|set', rights: mayConfigure, grant: '+config|set' },
    { rule: '-config|get', rights: mayConfigure, grant: '+config|get' },
    { rule: '-bgsave', rights: maySave, grant: '+bgsave' },
    { rule: '-wait', rights: maySave, grant: '+wait' },
  ])('without $grant the user is told how to get it', async ({ rule, rights, grant }) => {
    await acl(rule)
    const says = await missingInRedis(rights)
    expect(says).toContain('The user healer may not run ')
    expect(says).toContain('NOPERM')
    expect(says).toContain(`ACL SETUSER healer ${grant}`)
    await acl(grant)
    expect(await missingInRedis(rights)).toBeUndefined()
  })

  test('no more than the command itself is needed to be found able', async () => {
    await acl('-@all', '+config|set', '+config|get', '+bgsave', '+wait', '+acl|setuser')
    expect(await missingInRedis([...mayConfigure, ...maySave])).toBeUndefined()
  })

  test('a command that was renamed away is a missing right, too', async () => {
    const other = await startRedis(['rename-command CONFIG ""'])
    onTestFinished(() => other.stop())
    expect(await missing(mayConfigure, { redisSocket: other.socket }, target)).toMatch(/may not run CONFIG GET.*may not run CONFIG SET/)
  })
})

describe('files', () => {
  let dir: string
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'rights '))
    chmodSync(dir, 0o755)
  })
  afterEach(() => rmSync(dir, { recursive: true, force: true }))

  const nobody = isRoot ? { uid: NOBODY } : {}
  const file = (name: string, mode: number, owner = process.getuid?.() ?? 0): string => {
    const path = join(dir, name)
    writeFileSync(path, name)
    chmodSync(path, mode)
    if (isRoot) chownSync(path, owner, owner)
    return path
  }
  const kept = (path: string, uid = 0, sha256 = 'a'.repeat(64)) => ({ path, sha256, mode: '0644', uid, gid: 0 })

  test('a file of another that may not be written is named', { tags: ['root'] }, async () => {
    const path = file('closed.conf', 0o644)
    expect(await missing([mayPut([kept(path)])], nobody)).toMatch(
      /may not write .*closed\.conf \(cannot write .*closed\.conf\)\. To allow it/,
    )
    expect(await missing([mayEdit(path)], nobody)).toContain('and a copy beside it')
    expect(await missing([mayPut([kept(path)]), mayEdit(path)])).toBeUndefined()
  })

  test('a file that may be written itself will do to put contents back, and not to try an edit beside it', { tags: ['root'] }, async () => {
    const path = file('open.conf', 0o666)
    expect(await missing([mayPut([kept(path)])], nobody)).toBeUndefined()
    expect(await missing([mayEdit(path)], nobody)).toContain('open.conf')
  })

  test('a file that already is as it should be needs no right', { tags: ['root'] }, async () => {
    const path = file('same.conf', 0o644)
    expect(await missing([mayPut([kept(path)])], nobody)).toBeDefined()
    const output = await localRunner().run({ kind: 'exec', argv: ['sha256sum', path] })
    const own = output.kind === 'text' ? output.stdout.slice(0, 64) : ''
    expect(await missing([mayPut([kept(path, 0, own)])], nobody)).toBeUndefined()
  })

  test('what cannot even be seen proves nothing', { tags: ['root'] }, async () => {
    mkdirSync(join(dir, 'closed'), { mode: 0o700 })
    const path = join(dir, 'closed', 'a.conf')
    writeFileSync(path, '')
    expect(await missing([mayPut([kept(path)]), mayEdit(path)], nobody)).toBeUndefined()
  })

  test('a mode is for the owner to change, an owner for root', { tags: ['root'] }, async () => {
    const [own, other] = [file('own', 0o600, NOBODY), file('other', 0o600)]
    const point = (path: string, uid: number) => ({ path, mode: '0644', uid, gid: uid })
    expect(await missing([mayChangeModes([point(own, NOBODY)])], nobody)).toBeUndefined()
    expect(await missing([mayChangeModes([point(other, 0)])], nobody)).toContain('may not change the mode and owner of')
    expect(await missing([mayChangeModes([point(own, 0)])], nobody)).toContain('only by root')
    expect(await missing([mayChangeModes([point(own, 0), point(other, NOBODY)])])).toBeUndefined()
  })

  test('a start script that is not executable is named; whether systemd obeys is not asked', async () => {
    const direct = (start: string) => mayStart({ kind: 'direct', start, pidFile: '/run/x.pid' })
    expect(await missing([direct(file('start', 0o644))])).toContain('not executable')
    expect(await missing([direct(file('runs', 0o755))])).toBeUndefined()
    expect(await missing([mayStart({ kind: 'systemd', unit: 'app.service' })], nobody)).toBeUndefined()
    expect(readFileSync(join(dir, 'start'), 'utf8')).toBe('start')
  })
})
