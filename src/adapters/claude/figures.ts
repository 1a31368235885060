/** What asking costs, as figures: every request that was sent counts, also one whose answer was of no use, because it is paid for all the same. */
import type { Metrics } from '../../domain/ports/metrics.ts'
import type { AnalystCall } from './claude.ts'

export const countCalls =
  (metrics: Metrics): ((call: AnalystCall) => void) =>
  ({ model, outcome, durationMs, usage }) => {
    metrics.count('steward_analyst_calls_total', { model, outcome })
    metrics.observe('steward_analyst_seconds', durationMs / 1_000, { model })
    if (!usage) return
    metrics.count('steward_analyst_tokens_total', { model, direction: 'input' }, usage.inputTokens)
    metrics.count('steward_analyst_tokens_total', { model, direction: 'output' }, usage.outputTokens)
  }
