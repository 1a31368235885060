import { expect, test } from 'vitest'
import { foldOf } from '../../../src/domain/fold.ts'
import { configHistory, lastGoodConfig } from '../../../src/domain/server/config-history.ts'
import type { ServerEvent } from '../../../src/domain/server/events.ts'
import { after, config, failed, now, registered, running, starting, stopped, told } from './given.ts'

const changed = (displayName: string): ServerEvent => ({
  type: 'ServerConfigChanged',
  data: { ...told, config: { ...config, displayName }, changed: ['displayName'] },
})
const crashed = (runId: string, at = now): ServerEvent => failed({ wasRunning: true, failedStarts: 0, crashes: 1 }, runId, at)
const lastGood = (...events: readonly ServerEvent[]) => lastGoodConfig(foldOf(configHistory, events))

test('the configuration of a run that was stopped, or ran for a while, is good', () => {
  expect(lastGood(registered(), starting(), running(), stopped(), changed('broken'))).toStrictEqual(config)
  expect(lastGood(registered(), starting(), running(), crashed('r-1', after(30_000)), changed('broken'))).toStrictEqual(config)
})

test('one that never ran, or fell over at once, is not', () => {
  expect(lastGood(registered(), starting(), failed({ wasRunning: false, failedStarts: 1, crashes: 0 }), changed('b'))).toBeUndefined()
  expect(lastGood(registered(), starting(), running(), crashed('r-1', after(29_999)), changed('b'))).toBeUndefined()
})

test('what a run began with counts, not what was written down while it ran', () => {
  expect(lastGood(registered(), starting(), running(), changed('broken'), stopped())).toStrictEqual(config)
})

test('the present configuration is nothing to go back to', () => {
  expect(lastGood(registered(), starting(), running(), stopped())).toBeUndefined()
  expect(lastGood(registered(), starting(), running(), stopped(), changed('b'), changed(config.displayName))).toBeUndefined()
})
