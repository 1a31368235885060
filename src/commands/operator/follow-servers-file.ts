/**
 * Keeps the servers as a file describes them, while Steward runs: what has changed is read and checked as a whole, its plan is logged, and it is done
 * by the commands that a person would give, as one that can be undone. A file that is broken, or of which one step would be refused, changes nothing.
 */
import type { Clock } from '../../domain/ports/clock.ts'
import type { Ids } from '../../domain/ports/ids.ts'
import type { Leases } from '../../domain/ports/leases.ts'
import type { Logger } from '../../domain/ports/logger.ts'
import type { ServersFile } from '../../domain/ports/servers-file.ts'
import type { ConfigurationCommands, PlannedStep } from './configuration-commands.ts'
import type { CommandMeta } from './operator-command.ts'

export type FollowServersFileOptions = Readonly<{
  file: ServersFile
  configuration: Pick<ConfigurationCommands, 'planServers' | 'previewConfiguration' | 'applyConfiguration'>
  leases: Leases
  ids: Ids
  clock: Clock
  logger: Logger
}>

/** Who is on record for it: whoever may write the file. */
const OWNER = 'servers-file'
const REASON = 'the servers file has changed'
/** How often an instance that does not follow the file tries to take over, and how soon one looks again that could not. */
const TRY_AGAIN_MS = 5_000

/** Runs until the signal aborts. One instance follows the file at a time. */
export async function followServersFile({
  leases,
  ...options
}: FollowServersFileOptions & Readonly<{ signal: AbortSignal }>): Promise<void> {
  const { clock, logger, signal } = options
  while (!signal.aborted) {
    try {
      const lease = await leases.tryHold('servers-file')
      if (lease) {
        await using held = lease
        await follow({ ...options, signal: AbortSignal.any([signal, held.lost]) })
      }
    } catch (error) {
      if (!signal.aborted) logger.warn({ error }, 'the servers file cannot be followed now; it is tried again')
    }
    if (!signal.aborted) await clock.sleep(TRY_AGAIN_MS, signal).catch(() => undefined)
  }
}

type Following = Omit<FollowServersFileOptions, 'leases'> & Readonly<{ signal: AbortSignal }>

async function follow(following: Following): Promise<void> {
  const { file, signal } = following
  const changes = file.changes(signal)[Symbol.asyncIterator]()
  try {
    // Watched before it is read: what changes meanwhile is the next change.
    let next = changes.next()
    next.catch(() => undefined)
    for (let said = ''; ; ) {
      said = await applyOnce(following, said)
      const { done } = await next
      if (done) return
      next = changes.next()
      next.catch(() => undefined)
    }
  } finally {
    await changes.return?.()
  }
}

/** @param said what was complained of last: the same is not said twice. */
async function applyOnce({ file, configuration, ids, logger }: Following, said: string): Promise<string> {
  const { servers, problems, retireOthers } = await file.read()
  if (problems.length > 0) return complain('the servers file is broken; nothing was changed', problems.slice(0, 20))
  const plan = await configuration.planServers(servers, { retireOthers, restartChanged: true })
  if (plan.steps.length === 0) return ''
  const planned = await configuration.previewConfiguration(plan, REASON, OWNER)
  const steps = planned.map(stepText)
  const refused = planned.filter(({ preview }) => preview.refusal !== undefined)
  if (refused.length > 0) return complain('a step of the servers file would be refused; nothing was changed', steps)
  logger.info(
    { planHash: plan.hash, steps, changed: plan.servers.flatMap(changedFields) },
    'the servers file has changed; this is done now',
  )
  const commandId = ids.fresh()
  const meta: CommandMeta = { actor: OWNER, owner: OWNER, commandId, correlationId: commandId, bodyHash: plan.hash }
  const {
    outcome,
    done,
    refused: not,
    steps: results,
  } = await configuration.applyConfiguration({ plan, planHash: plan.hash, reason: REASON, meta })
  if (outcome === 'complete') logger.info({ commandId, done }, 'the servers are as the servers file describes them')
  else logger.error({ commandId, outcome, done, refused: not, steps: results }, 'not all of the servers file could be done')
  return ''

  function complain(what: string, of: readonly unknown[]): string {
    const saying = JSON.stringify([what, of])
    if (saying !== said) logger.error({ problems: of }, what)
    return saying
  }
}

const stepText = ({ step: { kind, name }, preview: { refusal } }: PlannedStep): string =>
  refusal === undefined ? `${kind} ${name}` : `${kind} ${name}: ${refusal.rule}`

/** Names of fields only: what they hold is in the events. */
const changedFields = ({ name, diff }: Readonly<{ name: string; diff: readonly Readonly<{ field: string }>[] }>): readonly string[] =>
  diff.map(({ field }) => `${name}.${field}`)
