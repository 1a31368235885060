/**
 * What an incident asks of a person, if anything: one sentence on how it stands, and the commands that lead on. Every state, every reason to wait and
 * every reason to call a person has its answer here; a new one that has none fails the type check.
 */
import type { EscalationReason, WaitReason } from '../../domain/incident/events.ts'
import type { Incident } from '../client/shapes.ts'

export type NextStep = Readonly<{ says: string; commands: readonly string[] }>

/** How things are called on the command line. */
export type Called = Readonly<{ incident: string; target: string; host: string }>

export function nextStep(incident: Incident, called: Called): NextStep {
  switch (incident.state) {
    case 'investigating':
      return { says: 'Nothing: Steward looks at the host.', commands: [] }
    case 'executing':
    case 'verifying':
    case 'rolling-back':
      return {
        says: 'Nothing yet: Steward is at work, and the target is to be left alone meanwhile.',
        commands: [`steward incident show ${called.incident}`],
      }
    case 'waiting':
    case 'awaiting-approval':
      return whileWaiting(incident, called)
    case 'escalated':
      return afterEscalation(incident, called)
    case 'undetermined':
      return {
        says: `Nobody can prove what became of the fix, so ${called.target} is frozen. Look at the host, then say which it was:`,
        commands: [
          `steward incident resolve ${called.incident} done --reason '...'       (the fix took effect)`,
          `steward incident resolve ${called.incident} not-done --reason '...'   (it did not)`,
          `steward target unfreeze ${called.target} --reason '...'`,
        ],
      }
    case 'resolved':
    case 'closed':
      return { says: afterEnd(incident), commands: [] }
    default:
      // A newer Steward may have states of which this program knows nothing.
      return { says: 'This program does not know the state; one of the version of the service does.', commands: [] }
  }
}

function afterEnd({ outcome }: Incident): string {
  switch (outcome) {
    case 'fixed':
      return 'Nothing: it is fixed, and the cure was proven.'
    case 'not-confirmed':
      return 'Nothing: the host does not have this fault, so nothing was done.'
    case 'recovered':
      return 'Nothing: the service is well again by itself.'
    default:
      return 'Nothing: a person ended it.'
  }
}

/** What shows whether Steward can see it. */
const looksAt = ({ service }: Incident, { target, host }: Called): string =>
  service === 'server' ? `steward server show ${target}` : `steward host test ${host}`

function whileWaiting(shown: Incident, called: Called): NextStep {
  const { waitingFor } = shown
  const { incident, target, host } = called
  const answers: Readonly<Record<WaitReason, NextStep>> = {
    approval: {
      says: 'Read the plan, then decide:',
      commands: [`steward approval approve ${incident}`, `steward approval reject ${incident} --reason '...'`],
    },
    lanes: { says: 'Nothing: another fix works on the same thing, and this one comes after it.', commands: [] },
    step: { says: 'Nothing: a step still runs on the host, and Steward asks until it has ended.', commands: [] },
    supervisor: {
      says: 'Nothing: the supervisor starts the server again; the incident goes on when it runs, or is given up.',
      commands: [],
    },
    'healing-stopped': {
      says: 'All healing is stopped. When it may go on:',
      commands: ['steward healing status', 'steward healing resume'],
    },
    visibility: { says: `Steward cannot see ${target} now, and goes on when it can.`, commands: [looksAt(shown, called)] },
    'host-budget': { says: `${host} had as many actions in this hour as the policy allows; it goes on after that.`, commands: [] },
    analyst: { says: 'Nothing: the analyst is asked.', commands: [] },
    unfreeze: {
      says: `${target} is frozen. Look at it; when it is safe again:`,
      commands: [`steward target unfreeze ${target} --reason '...'`],
    },
  }
  return answerOf(answers, waitingFor) ?? { says: 'Nothing: Steward waits.', commands: [] }
}

function afterEscalation(shown: Incident, called: Called): NextStep {
  const { escalation } = shown
  const { incident, target } = called
  const close = `steward incident close ${incident} --reason '...'`
  const again = `steward incident reanalyse ${incident}`
  const byHand = (says: string): NextStep => ({ says: `${says} Repair it by hand, then close the incident:`, commands: [close] })
  const askAgain = (says: string): NextStep => ({
    says: `${says} Steward can look and plan anew, or you close the incident:`,
    commands: [again, close],
  })
  const frozen = (says: string): NextStep => ({
    says: `${says} Look at the host and repair it by hand; then:`,
    commands: [`steward target unfreeze ${target} --reason '...'`, close],
  })
  const answers: Readonly<Record<EscalationReason, NextStep>> = {
    'no-remedy': byHand('The catalogue has no remedy for this.'),
    'no-analyst': byHand('The catalogue does not know this error, and no analyst is set up (ANTHROPIC_API_KEY).'),
    'analyst-failed': askAgain('The analyst could not help.'),
    'report-only': byHand('Steward can tell this fault but not repair it.'),
    'observe-mode': {
      says: `Steward only observes ${target}. Repair it by hand and close the incident, or let Steward propose:`,
      commands: [close, `steward target mode ${target} propose`, again],
    },
    'cannot-see': {
      says: `Steward does not see ${target} any more. When the host answers again, look anew:`,
      commands: [looksAt(shown, called), again],
    },
    'approval-rejected': askAgain('The plan was rejected, and the fault is still there.'),
    'approval-expired': askAgain('Nobody answered in time, and the fault is still there.'),
    'approval-revoked': askAgain('The approval was taken back, and the fault is still there.'),
    'plan-drifted': askAgain('What the plan rests on kept changing: somebody else works there.'),
    'fix-failed-rolled-back': byHand('The earlier state is back, so the fault is still there.'),
    'fix-failed': frozen(`The fix failed, and ${target} is frozen.`),
    'rollback-failed': frozen(`The earlier state could not be proven to be back, and ${target} is frozen.`),
    'changed-by-others': frozen(`The fix failed, somebody else has changed the same since, and ${target} is frozen as it is.`),
    'outcome-unknown': frozen(`Nobody knows what became of the fix, and ${target} is frozen.`),
    'target-frozen': {
      says: `${target} is frozen by an earlier incident. Look at it; when it is safe again:`,
      commands: [`steward target unfreeze ${target} --reason '...'`, again],
    },
    'missing-right': askAgain('Nothing was done: Steward lacks a right that the fix needs. Give it the right first.'),
    'not-executed': askAgain('Nothing was done.'),
  }
  return answerOf(answers, escalation?.reason) ?? byHand('Steward cannot go on alone.')
}

/** The word came over the network, and may be one that this version does not know. */
function answerOf(answers: Readonly<Record<string, NextStep>>, word: string | null | undefined): NextStep | undefined {
  return word !== null && word !== undefined && Object.hasOwn(answers, word) ? answers[word] : undefined
}
