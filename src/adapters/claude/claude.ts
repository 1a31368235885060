/**
 * The analyst over Anthropic's Messages API: one question, one structured answer, within one deadline that covers all repeats. Money is
 * counted before anything is judged, and only an answer whose every id was offered gets out.
 */
import { randomUUID } from 'node:crypto'
import { Anthropic } from '@anthropic-ai/sdk'
import { buildPrompt } from '../../domain/analysis/prompt.ts'
import type { AnalysisAnswer, AnalysisQuestion } from '../../domain/analysis/question.ts'
import type { Clock } from '../../domain/ports/clock.ts'
import { type AnalysisUsage, AnalystFailed, type LanguageModel } from '../../domain/ports/language-model.ts'
import type { Logger } from '../../domain/ports/logger.ts'
import type { Secret } from '../../domain/ports/secrets.ts'
import { answerFormat, readAnswer } from './answer.ts'
import { failureOf } from './failure.ts'

export type ClaudeOptions = Readonly<{
  apiKey: Secret
  /** Default: Anthropic's own. */
  baseUrl?: string
  model: string
  /** For one question, repeats and pauses included. */
  timeoutMs: number
  clock: Clock
  logger?: Logger
  /** Told of every request that reached the service, also of those that failed: for metrics, and for whoever keeps a budget. */
  onCall?: (call: AnalystCall) => void
  /** Requests per question. Default 4. */
  maxAttempts?: number
  /** 0-1; for tests. */
  random?: () => number
}>

export type AnalystCall = Readonly<{
  model: string
  outcome: 'answered' | 'called-off' | AnalystFailed['rule']
  durationMs: number
  usage: AnalysisUsage | undefined
  limits: RateLimits
}>

/** What the service says is left in this minute; undefined where it says nothing. */
export type RateLimits = Readonly<{ requestsRemaining: number | undefined; tokensRemaining: number | undefined }>

export function createClaude(options: ClaudeOptions): LanguageModel {
  const { apiKey, baseUrl = 'https://api.anthropic.com', timeoutMs, clock } = options
  const client = new Anthropic({
    apiKey: apiKey.reveal(),
    // Given, so that no variable of the environment decides where incidents and the key are sent, or who pays.
    authToken: null,
    baseURL: baseUrl,
    // Repeats are ours: the SDK's know neither our deadline nor our budget.
    maxRetries: 0,
    timeout: timeoutMs,
    logLevel: 'off',
    openTelemetry: false,
    // The question and the key go where the operator said, and nowhere that somebody there says.
    fetchOptions: { redirect: 'manual' },
  })
  return {
    async analyse(question, { signal }) {
      signal.throwIfAborted()
      const ended = new AbortController()
      const deadline = new AbortController()
      const endsAtMs = nowMs(clock) + timeoutMs
      const timer = clock.sleep(timeoutMs, ended.signal).then(
        () => deadline.abort(new AnalystFailed({ rule: 'timeout', says: `no answer within ${timeoutMs} ms` })),
        () => undefined,
      )
      try {
        return await ask(client, question, { ...options, endsAtMs, signal: AbortSignal.any([signal, deadline.signal]) })
      } catch (error) {
        // Whoever called off the question gets their own reason back, not a failure of the analyst.
        if (signal.aborted) throw signal.reason
        if (deadline.signal.aborted && !(error instanceof AnalystFailed)) throw deadline.signal.reason
        throw error
      } finally {
        ended.abort()
        await timer
      }
    },
  }
}

type Asking = ClaudeOptions & Readonly<{ endsAtMs: number; signal: AbortSignal }>
type Answered = AnalysisAnswer & { usage: AnalysisUsage }

async function ask(client: Anthropic, question: AnalysisQuestion, asking: Asking): Promise<Answered> {
  const { clock, signal, endsAtMs, maxAttempts = 4, random = Math.random, logger } = asking
  for (let attempt = 1; ; attempt++) {
    const outcome = await attemptOnce(client, question, asking)
    if (outcome.kind === 'answered') return outcome.answer
    const { failure, cause } = outcome
    const { rule, says } = failure
    const pauseMs = failure.retryAfterMs ?? backOffMs(attempt, random)
    const fits = nowMs(clock) + pauseMs < endsAtMs
    if (!failure.mayRetry || attempt >= maxAttempts || !fits) {
      const after = attempt === 1 ? says : `${says} (asked ${attempt} times)`
      throw new AnalystFailed({ rule, says: after, cause, ...(failure.mayRetry ? { retryAfterMs: pauseMs } : {}) })
    }
    logger?.warn({ attempt, rule, pauseMs, incidentId: question.incidentId }, `the analyst did not answer: ${says}`)
    await clock.sleep(pauseMs, signal)
  }
}

type Outcome =
  | Readonly<{ kind: 'answered'; answer: Answered }>
  | Readonly<{ kind: 'failed'; failure: ReturnType<typeof failureOf>; cause: unknown }>

async function attemptOnce(
  client: Anthropic,
  question: AnalysisQuestion,
  { apiKey, clock, model, signal, onCall }: Asking,
): Promise<Outcome> {
  const beganMs = nowMs(clock)
  let usage: AnalysisUsage | undefined
  let limits: RateLimits = { requestsRemaining: undefined, tokensRemaining: undefined }
  const tell = (outcome: AnalystCall['outcome']): void => onCall?.({ model, outcome, durationMs: nowMs(clock) - beganMs, usage, limits })
  try {
    const { system, user } = buildPrompt(question, { nonce: randomUUID().replaceAll('-', '') })
    const { data: message, response } = await client.messages
      .create(
        {
          model,
          max_tokens: MAX_ANSWER_TOKENS,
          system,
          messages: [{ role: 'user', content: user }],
          output_config: { format: answerFormat },
        },
        // Last in line: ANTHROPIC_CUSTOM_HEADERS would replace the key otherwise.
        { signal, headers: { 'x-api-key': apiKey.reveal(), authorization: null } },
      )
      .withResponse()
    // What it cost comes first: a refusal is paid for like an answer.
    limits = limitsOf(response.headers)
    usage = usageOf(model, message)
    stopRule(message.stop_reason, usage)
    const answer = { ...readAnswer(textOf(message), question, usage), usage }
    tell('answered')
    return { kind: 'answered', answer }
  } catch (error) {
    if (error instanceof AnalystFailed) {
      tell(error.rule)
      throw error
    }
    if (signal.aborted) {
      tell(signal.reason instanceof AnalystFailed ? signal.reason.rule : 'called-off')
      throw error
    }
    if (error instanceof Anthropic.APIError && error.headers instanceof Headers) limits = limitsOf(error.headers)
    const failure = failureOf(error)
    tell(failure.rule)
    return { kind: 'failed', failure, cause: error }
  }
}

const MAX_ANSWER_TOKENS = 2_048

/** Only a message that ended by itself is an answer. One that was cut off may parse, and say something else. */
function stopRule(reason: Anthropic.StopReason | null, usage: AnalysisUsage): void {
  switch (reason) {
    case 'end_turn':
    case 'stop_sequence':
      return
    case 'refusal':
      throw new AnalystFailed({ rule: 'refused', says: 'the model refused to answer', usage })
    case 'max_tokens':
    case 'model_context_window_exceeded':
      throw new AnalystFailed({ rule: 'truncated', says: 'the answer was cut off', usage })
    default:
      throw new AnalystFailed({ rule: 'malformed', says: `the message stopped for an unexpected reason (${String(reason)})`, usage })
  }
}

function textOf(message: Anthropic.Message): string {
  return message.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('')
}

/** Tokens as billed: those written into and read from the service's cache are input too. */
function usageOf(model: string, { usage }: Anthropic.Message): AnalysisUsage {
  const cached = (usage.cache_creation_input_tokens ?? 0) + (usage.cache_read_input_tokens ?? 0)
  return { model, inputTokens: usage.input_tokens + cached, outputTokens: usage.output_tokens }
}

function limitsOf(headers: Headers): RateLimits {
  const figure = (name: string): number | undefined => {
    const text = headers.get(name)
    return text === null || !/^\d{1,15}$/.test(text) ? undefined : Number(text)
  }
  return {
    requestsRemaining: figure('anthropic-ratelimit-requests-remaining'),
    tokensRemaining: figure('anthropic-ratelimit-tokens-remaining'),
  }
}

/** Doubles from half a second to eight, half of it by chance, so that many instances do not come back at once. */
const backOffMs = (attempt: number, random: () => number): number => Math.min(8_000, 500 * 2 ** (attempt - 1)) * (0.5 + random() / 2)

const nowMs = (clock: Clock): number => Date.parse(clock.now())
