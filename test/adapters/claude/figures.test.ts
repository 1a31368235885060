import { expect, test } from 'vitest'
import { countCalls } from '../../../src/adapters/claude/figures.ts'
import { createMetrics } from '../../../src/adapters/metrics/prometheus-metrics.ts'

const limits = { requestsRemaining: undefined, tokensRemaining: undefined }

test('every request counts, and what it cost also when the answer was of no use', async () => {
  await using metrics = createMetrics({ version: '0' })
  const count = countCalls(metrics)
  const usage = { model: 'm', inputTokens: 100, outputTokens: 7 }
  count({ model: 'm', outcome: 'rate-limited', durationMs: 40, usage: undefined, limits })
  count({ model: 'm', outcome: 'refused', durationMs: 900, usage, limits })
  count({ model: 'm', outcome: 'answered', durationMs: 1_100, usage, limits })
  const lines = (await metrics.render()).split('\n')
  expect(lines.filter((line) => /^steward_analyst_(calls|tokens)_total/.test(line)).sort()).toStrictEqual([
    'steward_analyst_calls_total{model="m",outcome="answered"} 1',
    'steward_analyst_calls_total{model="m",outcome="rate-limited"} 1',
    'steward_analyst_calls_total{model="m",outcome="refused"} 1',
    'steward_analyst_tokens_total{model="m",direction="input"} 200',
    'steward_analyst_tokens_total{model="m",direction="output"} 14',
  ])
  expect(lines).toContain('steward_analyst_seconds_count{model="m"} 3')
})
