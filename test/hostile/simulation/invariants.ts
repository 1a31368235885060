/** What must hold in every history, judged by what the host counted and by the log, not by what the engine says of itself. */

import type { Recorded } from '../../../src/domain/events.ts'
import { allProjections } from '../../../src/projections/all.ts'
import { createMemoryProjections } from '../../../src/projections/memory-projections.ts'
import { restingIncidents } from './resting-incidents.ts'
import { keyOf, type SimulatedHost } from './simulated-host.ts'

export type History = Readonly<{
  log: readonly Recorded[]
  host: SimulatedHost
  acknowledged: ReadonlySet<string>
  targets: readonly string[]
}>

export function violations({ log, host, acknowledged, targets }: History): readonly string[] {
  const found: string[] = []
  for (const [step, times] of host.asked) if (times > 1) found.push(`step ${step} was started ${times} times`)
  for (const [step, times] of host.ran) if (times > 1) found.push(`step ${step} ran ${times} times`)

  const ids = log.map(({ metadata }) => metadata.eventId)
  const known = new Set(ids)
  if (known.size !== ids.length) found.push('an event id stands in the log twice')
  for (const eventId of acknowledged) if (!known.has(eventId)) found.push(`the acknowledged event ${eventId} is lost`)

  const opened = new Set(log.flatMap(({ type, data }) => (type === 'IncidentOpened' ? [data.incidentId] : [])))
  const resting = restingIncidents(log)
  if (opened.size !== targets.length) found.push(`${opened.size} incidents were opened for ${targets.length} detections`)
  for (const incidentId of opened) if (!resting.has(incidentId)) found.push(`incident ${incidentId} neither ended nor waits for a person`)

  for (const { type, data } of log) {
    if (type === 'IncidentResolved' && data.outcome === 'fixed' && !startedBefore(log, data.incidentId)) {
      found.push(`incident ${data.incidentId} says fixed, and nothing was executed`)
    }
  }
  found.push(...untrueStories(log, host))
  found.push(...rebuildDiffers(log))
  return found
}

/**
 * What the incident says last of a step is what the host did: nothing is told done that was not, nothing stays unknown that the host could tell, and no
 * step that ran is kept quiet.
 */
function untrueStories(log: readonly Recorded[], host: SimulatedHost): readonly string[] {
  const told = new Map<string, Extract<Recorded, { type: 'StepRun' }>['data']>()
  for (const { type, data } of log) if (type === 'StepRun') told.set(keyOf(data), data)
  const givenUp = new Set(log.flatMap(({ type, data }) => (type === 'OutcomeUndetermined' ? [data.executionId] : [])))
  const found = [...host.ran.keys()].filter((key) => !told.has(key)).map((key) => `step ${key} ran, and nobody tells of it`)
  for (const [key, { outcome, executionId }] of told) {
    const mark = host.marks.get(key)
    const hasRun = host.ran.has(key)
    const isTrue =
      outcome === 'never-ran'
        ? !hasRun
        : outcome === 'unknown'
          ? mark?.state === 'lost' || givenUp.has(executionId)
          : hasRun && (mark?.exitCode === 0) === (outcome === 'done')
    if (!isTrue) found.push(`step ${key} is told ${outcome}, and the host has ${mark?.state ?? 'no mark'} (${mark?.exitCode ?? '-'})`)
  }
  return found
}

const startedBefore = (log: readonly Recorded[], incidentId: string): boolean =>
  log.some(({ type, data }) => type === 'ExecutionStarted' && data.incidentId === incidentId)

/** Read models hold the same rows when they are built again: a fold that looks at anything but rows and events would show here. */
function rebuildDiffers(log: readonly Recorded[]): readonly string[] {
  const live = createMemoryProjections(allProjections)
  const again = createMemoryProjections(allProjections)
  for (const event of log) live.apply(event)
  for (const event of log) again.apply(event)
  const rowsOf = (models: typeof live, name: (typeof allProjections)[number]['name']): string =>
    JSON.stringify(models.rows(name), printable)
  return allProjections.flatMap(({ name }) => (rowsOf(live, name) === rowsOf(again, name) ? [] : [`${name} differs when rebuilt`]))
}

const printable = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value)
