import type { AnalysisAnswer, AnalysisQuestion } from '../analysis/question.ts'

/** An analyst for what the catalogue does not know. It sees templates, never raw lines, and answers with data, never with commands. */
export interface LanguageModel {
  /**
   * @throws AnalystFailed no usable answer; `rule` says why, `retryAfterMs` when it may be asked again.
   */
  analyse(question: AnalysisQuestion, options: { signal: AbortSignal }): Promise<AnalysisAnswer & { usage: AnalysisUsage }>
}

export type AnalysisUsage = Readonly<{ model: string; inputTokens: number; outputTokens: number }>

export class AnalystFailed extends Error {
  override readonly name = 'AnalystFailed'
  readonly rule:
    | 'refused'
    | 'truncated'
    | 'rate-limited'
    | 'unavailable'
    | 'timeout'
    | 'malformed'
    | 'not-in-catalogue'
    | 'decoy-chosen'
    | 'unauthorised'
  readonly retryAfterMs: number | undefined
  readonly usage: AnalysisUsage | undefined
  constructor(facts: { rule: AnalystFailed['rule']; says: string; retryAfterMs?: number; usage?: AnalysisUsage; cause?: unknown }) {
    super(facts.says, { cause: facts.cause })
    this.rule = facts.rule
    this.retryAfterMs = facts.retryAfterMs
    this.usage = facts.usage
  }
}
