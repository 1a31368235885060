/**
 * A rollback that comes hours late, on the real shell: what nobody has touched since is restored; what somebody else has changed is left alone, and
 * shown. A rollback in time restores whatever it finds: until then the action is still at work, and nobody else's change is theirs to keep.
 */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createHasher } from '../../../src/adapters/hash/sha256.ts'
import { createTextDiff } from '../../../src/adapters/text-diff/unified-diff.ts'
import { readLeft, readRestorable } from '../../../src/commands/effects/late-restore.ts'
import type { Reached } from '../../../src/commands/effects/reach.ts'
import { createRunStep } from '../../../src/commands/effects/run-step.ts'
import { restoreSnapshot, takeSnapshot } from '../../../src/domain/catalogue/common/snapshot.ts'
import type { TargetInventory } from '../../../src/domain/catalogue/inventory.ts'
import { later } from '../../../src/domain/instant.ts'
import { meantAfter } from '../../../src/domain/plan/restorable.ts'
import { HostUnreachable, RemoteTimeout } from '../../../src/domain/ports/remote-host.ts'
import type { Restorable, Touched } from '../../../src/domain/processes/effects.ts'
import { localReached } from '../../support/local-reached.ts'
import { localRunner } from '../../support/local-runner.ts'
import { someone } from '../support/bench.ts'
import { HandClock } from '../support/hand-clock.ts'

const { signal } = new AbortController()
const hash = createHasher()
const action = { id: 'postgresql.restore-config', version: 1, params: {} } as const
const [bad, good, theirs] = ['port = x\n', 'port = 1\n', 'port = 2\npassword = "hunter2"\n']

let scratch: string
let path: string
let reached: Reached
let clock: HandClock
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'late-'))
  mkdirSync(join(scratch, 'etc'))
  path = join(scratch, 'etc', 'app.conf')
  writeFileSync(path, bad)
  chmodSync(path, 0o640)
  const inventory: TargetInventory = {
    ...{ targetId: 't', name: 't', hostId: 'h', service: 'postgresql', logPaths: [], configPaths: [], stateDir: join(scratch, 'state') },
  }
  reached = localReached(localRunner(), inventory)
  clock = new HandClock()
})
afterEach(() => rmSync(scratch, { recursive: true, force: true }))

/** Snapshot and fix, up to the moment at which Steward goes away: with or without having seen what the fix left. */
async function fixed({ seen: saw = true }: { seen?: boolean } = {}): Promise<Touched> {
  const nothing: Restorable = { files: { [path]: {} }, settings: {} }
  const before = await readRestorable({ action, before: nothing }, reached, signal)
  if (!before) throw new Error('not read')
  await reached.execute(takeSnapshot(reached.target.registration.stateDir, 'x', [path]))
  writeFileSync(path, good)
  const seen = saw ? await readLeft({ action, before }, reached, signal) : null
  const meant = meantAfter(before, {}, [{ path, sha256Before: hash.sha256(bad), sha256After: hash.sha256(good) }])
  return { action, before, meant, seen, lateAt: later(clock.now(), 130_000) }
}

async function rollBack(touched: Touched, { after, on = reached }: { after: number; on?: Reached }) {
  const requestedAt = clock.now()
  await clock.advance(after)
  const runStep = createRunStep({ reach: async () => on, halted: async () => undefined, clock, diff: createTextDiff() })
  const step = { name: 'restore-1', say: 'put it back', run: restoreSnapshot(on.target.registration.stateDir, 'x') }
  const params = { targetId: 't', executionId: 'x', step, timeoutMs: 1_000, privileged: 'restore', touched } as const
  return runStep(params, { effectId: 'e', requestedAt, signal, cause: someone })
}
const HOURS = 5 * 3_600_000
const now = () => ({ text: readFileSync(path, 'utf8'), mode: (statSync(path).mode & 0o777).toString(8) })

test('what nobody has touched since is restored, however late', async () => {
  expect(await rollBack(await fixed(), { after: HOURS })).toMatchObject({ kind: 'ended', exitCode: 0, left: null })
  expect(now()).toEqual({ text: bad, mode: '640' })
})

test('what somebody else has changed since is left alone, and all three states are told', async () => {
  const touched = await fixed()
  writeFileSync(path, theirs)
  const result = await rollBack(touched, { after: HOURS })
  const words = (text: string) =>
    expect.stringMatching(new RegExp(`^a file of mode 640, owner \\d+:\\d+, sha256 ${hash.sha256(text).slice(0, 12)}$`))
  expect(result).toMatchObject({
    kind: 'changed-by-others',
    changes: [{ what: `file ${path}`, before: words(bad), left: words(good), now: words(theirs) }],
    ran: { step: 'restore-1' },
  })
  expect(now().text).toBe(theirs)
  if (result.kind !== 'changed-by-others') throw new Error(result.kind)
  const [change] = result.changes
  expect(change?.sinceBefore?.text).toContain('-port = x')
  expect(change?.sinceLeft?.text).toContain('-port = 1')
  expect(change?.sinceLeft?.text).toContain('+port = 2')
  expect(JSON.stringify(result)).not.toContain('hunter2')
})

test('a mode that somebody else has set is their work, too', async () => {
  const touched = await fixed()
  chmodSync(path, 0o600)
  expect(await rollBack(touched, { after: HOURS })).toMatchObject({
    kind: 'changed-by-others',
    changes: [{ left: expect.stringContaining('mode 640'), now: expect.stringContaining('mode 600') }],
  })
  expect(now()).toEqual({ text: good, mode: '600' })
})

test('a file that is gone is not put back over their heads', async () => {
  const touched = await fixed()
  rmSync(path)
  expect(await rollBack(touched, { after: HOURS })).toMatchObject({ kind: 'changed-by-others', changes: [{ now: 'missing' }] })
})

test('in time, the earlier state comes back whatever stands there', async () => {
  const touched = await fixed()
  writeFileSync(path, theirs)
  chmodSync(path, 0o666)
  expect(await rollBack(touched, { after: 100_000 })).toMatchObject({ kind: 'ended', exitCode: 0 })
  expect(now()).toEqual({ text: bad, mode: '640' })
})

test('killed in the middle of a step, it knows its own work by what the plan was to leave', async () => {
  const touched = await fixed({ seen: false })
  expect(await rollBack(touched, { after: HOURS })).toMatchObject({ kind: 'ended', exitCode: 0 })
  expect(now().text).toBe(bad)
  expect(await rollBack(touched, { after: HOURS })).toMatchObject({ kind: 'ended', exitCode: 0 })
  writeFileSync(path, theirs)
  expect(await rollBack(touched, { after: HOURS })).toMatchObject({ kind: 'changed-by-others' })
  expect(now().text).toBe(theirs)
})

test('what cannot be seen is not overwritten; it is tried again', async () => {
  const touched = await fixed()
  const failing = (error: Error): Reached => ({ ...reached, execute: () => Promise.reject(error) })
  for (const error of [new RemoteTimeout({ timeoutMs: 1 }), new HostUnreachable({ hostId: 'h', rule: 'timeout' })]) {
    expect(await rollBack(touched, { after: HOURS, on: failing(error) })).toMatchObject({ kind: 'never-ran' })
  }
  const blind: Reached = { ...reached, execute: async () => ({ kind: 'text', exitCode: 1, stdout: '', stderr: '' }) }
  expect(await rollBack(touched, { after: HOURS, on: blind })).toMatchObject({ kind: 'never-ran', reason: expect.stringContaining('seen') })
  expect(now().text).toBe(good)
})

test('of a long difference a part is shown, and of many the first', async () => {
  const touched = await fixed()
  writeFileSync(path, 'a line of somebody else\n'.repeat(10_000))
  const result = await rollBack(touched, { after: HOURS })
  expect(JSON.stringify(result).length).toBeLessThan(10_000)
})

test('whatever goes wrong in looking at what a step left, the step has ended', async () => {
  const touched = await fixed()
  expect(await readLeft(touched, { ...reached, execute: () => Promise.reject(new Error('no')) }, signal)).toBeNull()
})
