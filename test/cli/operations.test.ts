/** `steward operation`: how far, how it ended, and what that means to a shell. */
import { expect, test } from 'vitest'
import { exampleOperation } from '../../src/api/schemas/operation.ts'
import { exitCodeOf } from '../../src/cli/operation-progress.ts'
import { startFakeApi } from './support/fake-api.ts'
import { stewardHere } from './support/run-cli.ts'
import { ID } from './support/verbs.ts'

const item = { commandId: null, rule: null, says: null, startedAt: null, endedAt: null }
const counts = { total: 3, completed: 0, succeeded: 0, failed: 0, unknown: 0, current: [] }
const bulk = (state: string, progress: object, items: readonly object[] = []) => ({
  ...{ ...exampleOperation, kind: 'servers-restart', subject: '3 servers', state, result: null, endedAt: null },
  ...{ progress: { ...counts, ...progress }, items },
})

test('watching tells each step on a line of its own where there is no terminal, then how each item ended, and 3 for a part', async () => {
  await using api = await startFakeApi()
  const answers = [
    bulk('running', { current: ['files', 'search'] }),
    bulk('running', { completed: 1, succeeded: 1, current: ['search'] }),
    bulk('running', { completed: 1, succeeded: 1, current: ['search'] }),
    bulk('partly', { completed: 3, succeeded: 2, failed: 1 }, [
      { ...item, id: 'a', name: 'files', state: 'succeeded', says: 'runs' },
      { ...item, id: 'b', name: 'search', state: 'failed', rule: 'exited', says: 'it ended \u001b[31mwith code 1' },
    ]),
  ]
  api.on('operations.show', () => ({ body: answers.shift() ?? bulk('partly', {}) }))
  const ran = await stewardHere(['operation', 'watch', ID], { env: { STEWARD_URL: api.url, STEWARD_API_KEY: 'sk_test' } })
  expect(ran.stderr.trim().split('\n')).toStrictEqual([
    '[....................] 0/3, now files and 1 more',
    '[######..............] 1/3, now search',
  ])
  expect(ran.stdout).toContain('2 of 3 succeeded, 1 failed')
  expect(ran.stdout).toMatch(/search +failed +exited/)
  expect(ran.stdout).not.toContain('\u001b')
  expect(ran.code).toBe(3)
})

test('only a whole success is 0', () => {
  const code = (state: Parameters<typeof exitCodeOf>[0]['state'], succeeded = 0) =>
    exitCodeOf({ state, progress: { ...counts, succeeded } })
  expect([code('succeeded', 3), code('partly', 1), code('failed'), code('cancelled', 1), code('cancelled')]).toStrictEqual([0, 3, 1, 3, 1])
})
