/**
 * The story of one incident, told while it happens: waits for it to open, shows what is worth showing of its timeline, asks for the approval when
 * its plan waits for one, and returns when nothing moves it any more.
 */
import { showPlan } from './plan-view.ts'
import type { Screen } from './screen.ts'
import type { Incident, IncidentSummary, Page, StewardApi } from './steward-api.ts'
import { until } from './waiting.ts'

export type Told = Readonly<{
  incident: Incident
  detectedAfterMs: number
  /** From the detection, without the time that a person took to answer; undefined when it was not fixed. */
  fixedAfterMs: number | undefined
  events: number
}>

export type StoryOptions = Readonly<{
  screen: Screen
  api: StewardApi
  /** Says yes by itself, instead of asking. */
  yes: boolean
  targetId: string
  faultId: string
  /** When the fault began. */
  since: Date
  signal: AbortSignal
  /** Called when the plan is shown and not yet approved. */
  beforeApproval?: () => Promise<void>
  /** Called when the approval was given: what happens meanwhile on the host. */
  onApproved?: () => Promise<void>
}>

/** A person said no. The fault stays as it is, so what comes after in the demo would rest on nothing. */
export class PlanRejected extends Error {
  override readonly name = 'PlanRejected'
  readonly told: Told
  constructor(told: Told) {
    super('the plan was rejected')
    this.told = told
  }
}

/** Nothing moves these on but a person. */
const RESTING = ['resolved', 'closed', 'escalated', 'undetermined']
const ENDS_WITHIN_MS = 90_000

/** What a spectator wants to know of the timeline; the rest is in the log. */
const WORTH_TELLING: ReadonlySet<string> = new Set([
  'IncidentOpened',
  'IncidentInvestigated',
  'IncidentDiagnosed',
  'ExecutionStarted',
  'StepRun',
  'EffectOutcomeUnknown',
  'RollbackStarted',
  'RollbackProven',
  'IncidentEscalated',
  'IncidentResolved',
  'OutcomeUndetermined',
])

export async function tellStory(options: StoryOptions): Promise<Told> {
  const { screen, api, signal, since } = options
  const opened = await screen.during('waiting for Steward to see it', () => openedIncident(options))
  const detectedAfterMs = Math.max(0, Date.parse(opened.openedAt) - since.getTime())
  const told = new Set<string>()
  let waitedForPersonMs = 0
  let answered: string | undefined
  let wasRejected = false

  for (;;) {
    const incident = await screen.during('healing', () =>
      until<Incident>(
        'the next step of the incident',
        async () => {
          const seen = await show(api, opened.id, signal)
          const asks = seen.state === 'awaiting-approval' && seen.approvalId !== null && seen.approvalId !== answered
          tell(screen, seen, told, since)
          return asks || RESTING.includes(seen.state) ? seen : undefined
        },
        { signal, withinMs: ENDS_WITHIN_MS },
      ),
    )
    if (RESTING.includes(incident.state)) {
      const ended = await end(incident, { api, detectedAfterMs, waitedForPersonMs })
      if (wasRejected) throw new PlanRejected(ended)
      return ended
    }
    const began = performance.now()
    wasRejected = (await answer(incident, options)) === 'rejected'
    waitedForPersonMs += performance.now() - began
    answered = incident.approvalId ?? undefined
    if (!wasRejected) await options.onApproved?.()
  }
}

async function openedIncident({ api, targetId, faultId, since, signal }: StoryOptions): Promise<IncidentSummary> {
  return until(
    'an incident',
    async () => {
      const page = await api.get<Page<IncidentSummary>>('/api/v1/incidents', { target_id: targetId, from: since.toISOString() })
      return page.items.find((item) => item.faultId === faultId)
    },
    { signal },
  )
}

/** Steward may be away: in one part of the demo it is killed and started again. */
async function show(api: StewardApi, id: string, signal: AbortSignal): Promise<Incident> {
  return until(
    'an answer of Steward',
    () =>
      api
        .get<Incident>(`/api/v1/incidents/${id}`)
        .catch((error: unknown) => (error instanceof TypeError ? undefined : Promise.reject(error))),
    { signal },
  )
}

function tell(screen: Screen, incident: Incident, told: Set<string>, since: Date): void {
  for (const { position, type, text, at } of incident.timeline) {
    if (!WORTH_TELLING.has(type) || told.has(position)) continue
    told.add(position)
    const seconds = (Math.max(0, Date.parse(at) - since.getTime()) / 1_000).toFixed(1)
    screen.say(shortened(type, text, incident), `   +${seconds.padStart(4)} s  `)
  }
}

/** The timeline is written for an audit, with every id; here a few words do. */
function shortened(type: string, text: string, { title, severity, plan }: Incident): string {
  switch (type) {
    case 'IncidentOpened':
      return `Detected: ${title} (${severity}).`
    case 'IncidentDiagnosed':
      return text.split(/(?<=\.) /)[0] ?? text
    case 'ExecutionStarted':
      return `The execution of plan ${plan?.planHash.slice(0, 12) ?? ''} began.`
    default:
      return text
  }
}

async function answer(incident: Incident, { screen, api, yes, signal, beforeApproval }: StoryOptions): Promise<'approved' | 'rejected'> {
  const { plan, approvalId } = incident
  if (plan === null || approvalId === null) throw new Error(`incident ${incident.id} waits for an approval and shows no plan`)
  showPlan(screen, { plan, authority: incident.authority })
  await beforeApproval?.()
  const approved = yes || (await screen.ask('Approve this plan?', signal))
  if (!approved) {
    await api.post(`/api/v1/approvals/${approvalId}/reject`, { reason: 'rejected in the demo' })
    screen.say('rejected by you')
    return 'rejected'
  }
  await api.post(`/api/v1/approvals/${approvalId}/approve`, { planHash: plan.planHash })
  screen.good(yes ? 'approved (--yes)' : 'approved by you')
  return 'approved'
}

async function end(
  incident: Incident,
  { api, detectedAfterMs, waitedForPersonMs }: { api: StewardApi; detectedAfterMs: number; waitedForPersonMs: number },
): Promise<Told> {
  const fixed = incident.outcome === 'fixed' && incident.endedAt !== null
  const tookMs = incident.endedAt === null ? 0 : Date.parse(incident.endedAt) - Date.parse(incident.openedAt) - waitedForPersonMs
  const events = await countEvents(api, incident)
  return { incident, detectedAfterMs, fixedAfterMs: fixed ? Math.max(0, tookMs) : undefined, events }
}

/** Everything that came of the detections of this incident. */
async function countEvents(api: StewardApi, { anomalyIds }: Incident): Promise<number> {
  let count = 0
  for (const anomalyId of anomalyIds) {
    let cursor: string | null = null
    do {
      const page: Page<unknown> = await api.get<Page<unknown>>('/api/v1/events', {
        correlation_id: anomalyId,
        limit: '500',
        ...(cursor === null ? {} : { cursor }),
      })
      count += page.items.length
      cursor = page.next_cursor
    } while (cursor !== null)
  }
  return count
}
