/** What the analyst is asked, and what becomes of its answer. */
import { describe, expect, test } from 'vitest'
import { createAnalyse } from '../../../src/commands/effects/analyse.ts'
import type { AnalysisAnswer, AnalysisQuestion } from '../../../src/domain/analysis/question.ts'
import { services } from '../../../src/domain/catalogue/action.ts'
import { actionsFor, findAction } from '../../../src/domain/catalogue/catalogue.ts'
import { instant } from '../../../src/domain/instant.ts'
import { AnalystFailed, type LanguageModel } from '../../../src/domain/ports/language-model.ts'
import type { EffectParams } from '../../../src/domain/processes/effects.ts'
import { protect } from '../../../src/domain/protected.ts'

const CANARY = 'c4n4ryV4lue7Zq'
const params: EffectParams['analyse'] = {
  incidentId: 'inc-1',
  targetId: 'target-1',
  service: 'nginx',
  excerpt: protect(`2026/11/20 10:11:12 [crit] 812#812: *7 mkdir() "/srv/${CANARY}" failed, client: 10.0.0.7, request: "GET /${CANARY}"`),
  evidence: [
    { evidenceId: 'e1', probe: 'health', verdict: 'holds', facts: { level: 'up', workers: 2 }, says: protect(`stderr: ${CANARY}`) },
  ],
}
const usage = { model: 'm', inputTokens: 1, outputTokens: 1 }
const good: AnalysisAnswer = { diagnosis: 'x', evidenceIds: ['line-1'], actionId: 'nginx.restore-config', why: 'y', confidence: 0.8 }
const context = {
  effectId: 'effect-1',
  requestedAt: instant('2026-11-21T10:00:00.000Z'),
  signal: new AbortController().signal,
  cause: { causationId: 'c', correlationId: 'c', actor: 'steward' },
}

const saying = (answer: () => Promise<AnalysisAnswer>): LanguageModel => ({ analyse: async () => ({ ...(await answer()), usage }) })

async function questionFor(asked: EffectParams['analyse']): Promise<AnalysisQuestion> {
  let heard: AnalysisQuestion | undefined
  const analyst: LanguageModel = {
    async analyse(question) {
      heard = question
      return { ...good, usage }
    },
  }
  await createAnalyse({ analyst })(asked, context)
  if (!heard) throw new Error('nobody was asked')
  return heard
}

test('the question holds the template of the line, what our probes say, and nothing as it was written', async () => {
  const question = await questionFor(params)
  expect(question.templates).toStrictEqual([
    {
      evidenceId: 'line-1',
      template: '<time> [crit] <int>#<int>: *<int> mkdir() <quoted> failed, client: <ip>, request: <quoted>',
      count: 1,
    },
  ])
  expect(question.probes).toStrictEqual([{ evidenceId: 'e1', name: 'health', says: 'verdict=holds, level=up, workers=2' }])
  expect(JSON.stringify(question)).not.toMatch(new RegExp(`${CANARY}|target-1|10\\.0\\.0`))
})

test.each(services)('what may be chosen for %s are its own actions and one decoy, which is no action at all', async (service) => {
  const { candidates, decoyActionId } = await questionFor({ ...params, service })
  const offered = candidates.map(({ actionId }) => actionId)
  expect(offered.filter((id) => id !== decoyActionId)).toStrictEqual(
    actionsFor(service)
      .map(({ id }) => String(id))
      .sort(),
  )
  expect(offered.filter((id) => id === decoyActionId)).toHaveLength(1)
  expect(decoyActionId.startsWith(`${service}.`)).toBe(true)
  expect(findAction(decoyActionId)).toBeUndefined()
  // Its place tells nothing.
  expect(offered).toStrictEqual([...offered].sort())
})

test('no analyst is a result, not a failure', async () => {
  expect(await createAnalyse({ analyst: undefined })(params, context)).toStrictEqual({ kind: 'no-analyst' })
})

test('an answer is kept with its grounds, and without the shape of a secret', async () => {
  const analyst = saying(async () => ({ ...good, diagnosis: `password=${CANARY}`, why: `token: ${CANARY}` }))
  expect(await createAnalyse({ analyst })(params, context)).toStrictEqual({
    kind: 'answered',
    diagnosis: { text: 'password=[redacted]' },
    why: { text: 'token: [redacted]' },
    evidenceIds: ['line-1'],
    confidence: 0.8,
    chosen: { actionId: 'nginx.restore-config', confidence: 0.8, diagnosis: 'password=[redacted]' },
    model: 'm',
  })
})

test('an answer that chooses nothing chooses nothing', async () => {
  const result = await createAnalyse({ analyst: saying(async () => ({ ...good, actionId: undefined })) })(params, context)
  expect(result).toMatchObject({ kind: 'answered', chosen: null })
})

describe('a failure', () => {
  const failing = (error: Error) =>
    createAnalyse({
      analyst: saying(async () => {
        throw error
      }),
    })(params, context)

  test('of the analyst is told by its rule, with the time after which asking again makes sense', async () => {
    expect(await failing(new AnalystFailed({ rule: 'rate-limited', says: 'busy', retryAfterMs: 9_000 }))).toStrictEqual({
      kind: 'failed',
      rule: 'rate-limited',
      says: { text: 'rate-limited: busy' },
      retryAfterMs: 9_000,
    })
    expect(await failing(new AnalystFailed({ rule: 'refused', says: `token=${CANARY}` }))).toStrictEqual({
      kind: 'failed',
      rule: 'refused',
      says: { text: 'refused: token=[redacted]' },
      retryAfterMs: null,
    })
  })

  test('of anything else is not taken for one of the analyst', async () => {
    await expect(failing(new RangeError('a bug'))).rejects.toThrow('a bug')
  })
})
