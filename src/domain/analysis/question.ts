/** What the analyst is asked, and what it may answer. Everything in a question is abstracted and redacted; the answer is only data. */
import type { Service } from '../catalogue/action.ts'

/** Longest wait for one answer that may be configured. Whoever asks gives it a little more, so that it ends by itself and says why. */
export const LONGEST_ANALYSIS_MS = 100_000

export type AnalysisQuestion = Readonly<{
  incidentId: string
  service: Service
  /** Log templates with their variable parts typed, e.g. `connect() to <ip> failed (<int>: Connection refused)`. Never a raw line. */
  templates: readonly Readonly<{ evidenceId: string; template: string; count: number }>[]
  /** What probes said, as short facts. */
  probes: readonly Readonly<{ evidenceId: string; name: string; says: string }>[]
  /** The actions that may be chosen for this service, one of them a decoy. */
  candidates: readonly Readonly<{ actionId: string; title: string }>[]
  decoyActionId: string
}>

export type AnalysisAnswer = Readonly<{
  diagnosis: string
  evidenceIds: readonly string[]
  /** Undefined: nothing in the catalogue fits. */
  actionId: string | undefined
  why: string
  /** 0-1. It can only lower authority. */
  confidence: number
}>
