/** What the model must answer with, and the checks that a schema cannot make: every id must be one that the question offered. */
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod'
import { z } from 'zod'
import type { AnalysisAnswer, AnalysisQuestion } from '../../domain/analysis/question.ts'
import { redactSecrets } from '../../domain/analysis/redact.ts'
import { type AnalysisUsage, AnalystFailed } from '../../domain/ports/language-model.ts'

const answerSchema = z.strictObject({
  diagnosis: z.string().min(1).max(4_000).describe('The most likely cause, in one to four plain sentences.'),
  evidenceIds: z.array(z.string().max(100)).max(80).describe('Ids of the evidence that the diagnosis rests on.'),
  actionId: z.string().max(100).nullable().describe('Id of the one action that fits, or null.'),
  why: z.string().max(4_000).describe('Why this action, or why none.'),
  confidence: z.number().min(0).max(1).describe('From 0 to 1.'),
})

/** The same for every question, so that the service compiles its grammar once; ids are checked here, not there. */
export const answerFormat = zodOutputFormat(answerSchema)

/** @throws AnalystFailed malformed, decoy-chosen or not-in-catalogue. */
export function readAnswer(text: string, question: AnalysisQuestion, usage: AnalysisUsage): AnalysisAnswer {
  const fail = (rule: AnalystFailed['rule'], says: string, cause?: unknown): AnalystFailed =>
    new AnalystFailed({ rule, says, usage, cause })
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw fail('malformed', 'the answer is no JSON', cause)
  }
  const parsed = answerSchema.safeParse(json)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw fail('malformed', `the answer does not have the agreed form: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`)
  }
  const { diagnosis, evidenceIds, actionId, why, confidence } = parsed.data
  // First of all: an answer that took the bait was not made from the evidence, whatever else is in it.
  if (actionId === question.decoyActionId)
    throw fail('decoy-chosen', `the answer chose ${question.decoyActionId}, which no evidence supports`)
  if (actionId !== null && !question.candidates.some((candidate) => candidate.actionId === actionId)) {
    throw fail('not-in-catalogue', 'the answer names an action that was not offered')
  }
  const offered = new Set([...question.templates, ...question.probes].map(({ evidenceId }) => evidenceId))
  if (!evidenceIds.every((id) => offered.has(id))) throw fail('malformed', 'the answer rests on evidence that does not exist')
  return {
    diagnosis: redactSecrets(diagnosis),
    evidenceIds: [...new Set(evidenceIds)],
    actionId: actionId ?? undefined,
    why: redactSecrets(why),
    confidence,
  }
}
