/** `steward approval`: a person agrees to one exact plan, after seeing it. */
import { type Command, Option } from 'commander'
import { preview, type Repeatable, repeatable, settled } from '../change.ts'
import type { StewardClient } from '../client/client.ts'
import { fetchList } from '../client/lists.ts'
import { type NameOf, namesAround, namesOf } from '../client/names.ts'
import { approvalOf, existingIdOf, kinds, pathOf } from '../client/references.ts'
import type { Approval, Outcome } from '../client/shapes.ts'
import type { Define } from '../define.ts'
import { CliError, exitCode, usageError } from '../exit-code.ts'
import { ago } from '../screen/moment.ts'
import { toneOf } from '../screen/paint.ts'
import { shortId } from '../screen/table.ts'
import type { Session } from '../session.ts'
import { shellLine } from '../shell-word.ts'
import { drawApproval, drawDecision } from '../views/approval.ts'
import { isKey } from '../views/value.ts'
import { addListOptions, type ListFlags, tellMore } from './list-options.ts'

const STATES = ['pending', 'granted', 'rejected', 'revoked', 'expired', 'used']

export function defineApprovals(program: Command, { run }: Define): void {
  const approval = program
    .command('approval')
    .summary('plans that wait for a person')
    .description(
      'Plans that wait for a person. An approval is named by its id, by the end of it as lists show it, or by the incident that waits for it.',
    )

  addListOptions(approval.command('list'))
    .alias('ls')
    .summary('list approvals, newest first')
    .addOption(new Option('--state <state>', 'in this state').choices(STATES))
    .option('--incident <incident>', 'of this incident')
    .addHelpText('after', '\nExamples:\n  steward approval list --state pending')
    .action(run(listApprovals))

  approval.command('show <approval>').summary('show an approval with its plan').action(run(showApproval))

  repeatable(approval.command('approve <approval>'))
    .summary('agree to a plan')
    .description(
      'Shows the plan - what it does, what it changes, its risk, how it is taken back - and asks. The approval is bound to exactly the plan that was shown: ' +
        'when it changes meanwhile, the approval is refused.',
    )
    .option('-y, --yes', 'do not ask; needs --plan-hash, so that the plan is the one you saw')
    .option('--plan-hash <hash>', 'the plan you mean, as `approval show` prints it')
    .addHelpText(
      'after',
      '\nExamples:\n  steward approval approve 5b1c09d2\n  steward approval approve 5b1c09d2 --yes --plan-hash b94d27b9934d3e08...',
    )
    .action(run(approve))

  repeatable(approval.command('reject <approval>'))
    .summary('refuse a plan')
    .requiredOption('--reason <reason>', 'why')
    .action(
      run((session: Session, given: string, flags: ReasonFlags) => decide(session, given, flags, { verb: 'reject', did: 'Rejected' })),
    )
  repeatable(approval.command('revoke <approval>'))
    .summary('take an approval back before it is used')
    .option('--reason <reason>', 'why')
    .action(run((session: Session, given: string, flags: ReasonFlags) => decide(session, given, flags, { verb: 'revoke', did: 'Revoked' })))
}

async function listApprovals(session: Session, flags: ListFlags & Readonly<{ state?: string; incident?: string }>): Promise<void> {
  const { out } = session
  const client = await session.api()
  const query = {
    state: flags.state,
    incident_id: flags.incident === undefined ? undefined : await existingIdOf(client, kinds.incident, flags.incident),
  }
  const [page, targetName] = await Promise.all([
    fetchList<Approval>(client, kinds.approval.path, query, flags),
    namesOf(client, kinds.target),
  ])
  out.show(page, (screen) =>
    screen.table(
      [
        { head: 'ID', kind: 'id' },
        { head: 'ASKED' },
        { head: 'STATE' },
        { head: 'EXPIRES' },
        { head: 'RISK' },
        { head: 'TARGET', kind: 'text' },
        { head: 'PLAN', kind: 'text' },
      ],
      page.items.map(({ id, state, requestedAt, expiresAt, plan, incident }) => [
        id,
        ago(requestedAt, out.nowMs),
        { text: state, tone: toneOf(state) },
        state === 'pending' ? ago(expiresAt, out.nowMs) : '-',
        plan === null ? '-' : { text: plan.risk, tone: toneOf(plan.risk) },
        incident === null ? '-' : targetName(incident.targetId),
        plan?.title ?? incident?.title ?? '-',
      ]),
      'No approval was asked for.',
    ),
  )
  tellMore(out, page)
}

async function showApproval(session: Session, given: string): Promise<void> {
  const { out } = session
  const client = await session.api()
  const approval = await client.get<Approval>(pathOf(kinds.approval, await approvalOf(client, given)))
  const nameOf = out.json ? (id: string) => id : await namesFor(client, approval)
  out.show(approval, (page) => {
    drawApproval(page, approval, { nowMs: out.nowMs, nameOf })
    drawDecision(page, approval)
  })
}

const namesFor = (client: StewardClient, { incident, requestedBy, decidedBy }: Approval): Promise<NameOf> =>
  namesAround(client, { ...incident, keyIds: [requestedBy, decidedBy ?? ''].filter(isKey) })

type ApproveFlags = Repeatable & Readonly<{ yes?: boolean; planHash?: string }>

async function approve(session: Session, given: string, flags: ApproveFlags): Promise<void> {
  const { out, ask, signal } = session
  const client = await session.api()
  const path = pathOf(kinds.approval, await approvalOf(client, given))
  const approval = await client.get<Approval>(path)
  const { plan, planHash } = approval
  const nameOf = await namesFor(client, approval)
  preview(session, flags, (page) => drawApproval(page, approval, { nowMs: out.nowMs, nameOf }))
  if ((flags.yes === true || !ask.possible) && flags.planHash === undefined) {
    throw usageError(
      flags.yes === true ? '--yes needs --plan-hash: an approval is for one exact plan' : 'this is no terminal, so nobody can be asked',
      `When it is the plan you mean:\n${shellLine(['steward', 'approval', 'approve', given, '--yes', '--plan-hash', planHash])}`,
    )
  }
  if (plan === null) throw new CliError('the plan is not there any more; nothing was approved', { exitCode: exitCode.failure })
  if (flags.planHash !== undefined && flags.planHash !== planHash) {
    throw new CliError(`the plan is ${planHash} now, not ${flags.planHash}; nothing was approved`, { exitCode: exitCode.failure })
  }
  if (flags.yes !== true && !ask.possible)
    throw usageError('this is no terminal, so nobody can be asked', 'Add --yes: the plan has the hash that you named.')
  if (flags.yes !== true && !(await ask.yesOrNo('Approve exactly this plan?', signal))) {
    throw new CliError('not approved; it still waits', { exitCode: exitCode.failure })
  }
  const outcome = await client.send<Outcome>('POST', `${path}/approve`, { body: { planHash }, idempotencyKey: flags.idempotencyKey })
  const after = await settled<Approval>(session, client, path, outcome)
  out.show(outcome, (page) => {
    const missing = after === undefined ? 0 : after.approversNeeded - after.grantedBy.length
    page.item('Approved ', missing > 0 ? `${plan.title}; ${missing} more must agree` : plan.title, 'good')
    page.text(`Next: steward incident show ${shortId(approval.incidentId)}`, 'dim')
  })
}

type ReasonFlags = Repeatable & Readonly<{ reason?: string }>

async function decide(
  session: Session,
  given: string,
  { reason, idempotencyKey }: ReasonFlags,
  { verb, did }: { verb: string; did: string },
): Promise<void> {
  const client = await session.api()
  const path = pathOf(kinds.approval, await approvalOf(client, given))
  const outcome = await client.send<Outcome>('POST', `${path}/${verb}`, { body: reason === undefined ? {} : { reason }, idempotencyKey })
  const approval = await settled<Approval>(session, client, path, outcome)
  session.out.show(outcome, (page) => page.item(`${did} `, approval?.plan?.title ?? approval?.incident?.title ?? outcome.id, 'good'))
}
