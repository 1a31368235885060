/** What every fault has in common, whichever service it is of: how an incident ends that was forged, undone, or left to a person. */
import { expect } from 'vitest'
import type { Incident } from './api.ts'
import { marksOf } from './witness.ts'
import type { Inhabited, Registered } from './world.ts'

/** What happened, for whoever reads a failure. */
const story = ({ timeline }: Incident): string => timeline.map(({ at, text }) => `  ${at} ${text}`).join('\n')

/** It ends fixed and verified. */
export async function expectFixed(world: Pick<Inhabited, 'reaches'>, id: string): Promise<Incident> {
  const ended = await world.reaches(id, 'resolved', 'escalated', 'undetermined')
  expect(ended.outcome, story(ended)).toBe('fixed')
  return ended
}

/** Nothing was behind it: the incident ends not confirmed, and no step was ever begun. */
export async function expectUnconfirmed(world: Inhabited, target: Registered, faultId: string): Promise<void> {
  const { id } = await world.opened(target.id, faultId)
  const ended = await world.reaches(id, 'resolved', 'escalated', 'awaiting-approval')
  expect(ended, story(ended)).toMatchObject({ outcome: 'not-confirmed', plan: null })
  expect(await world.events(id, 'ExecutionStarted')).toEqual([])
  expect(marksOf(target.stateDir)).toEqual([])
}

/** The fix did not work: the earlier state is back, proven, and a person is called. Nothing is frozen: everybody knows what the state is. */
export async function expectRolledBack(world: Inhabited, target: Registered, id: string): Promise<void> {
  const ended = await world.reaches(id, 'escalated', 'resolved')
  expect(ended.escalation?.reason, story(ended)).toBe('fix-failed-rolled-back')
  expect(ended.rollback?.provenAt).not.toBeNull()
  expect(marksOf(target.stateDir)).toContain(`${ended.executionId}/restore-1`)
  expect((await world.target(target.id)).frozen).toBe(false)
}

/** The fix did not work, and there is no state to go back to: one step was begun, no other follows, and the target is frozen. */
export async function expectFrozen(world: Inhabited, target: Registered, id: string): Promise<Incident> {
  const ended = await world.reaches(id, 'escalated', 'resolved')
  expect(ended.escalation?.reason, story(ended)).toBe('fix-failed')
  expect(ended.rollback).toBeNull()
  expect(marksOf(target.stateDir)).toEqual([`${ended.executionId}/fix-1`])
  await world.untilTarget(target.id, ({ frozen }) => frozen)
  // Even looking again leads to no action.
  await world.reanalyse(id)
  await world.incidentIs(id, ({ escalation }) => escalation?.reason === 'target-frozen')
  expect(marksOf(target.stateDir)).toEqual([`${ended.executionId}/fix-1`])
  return ended
}

/** A person has looked at it: actions are possible again, and this one waits for a person anew. */
export async function expectUnfreezes(world: Inhabited, target: Registered, id: string): Promise<Incident> {
  await world.unfreeze(target.id)
  await world.reanalyse(id)
  return world.reaches(id, 'awaiting-approval')
}
