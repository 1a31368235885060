/**
 * Asks for the same of many servers at once. The answer is an operation: it begins with the list as it is now, and every server in it is asked by
 * a command of its own, which is on record, and can be undone, like any other.
 */
import type { Refusal } from '../../domain/decider.ts'
import type { AskedOperation, OperationItem } from '../../domain/operation/events.ts'
import { withPackageVersion } from '../../domain/server/upgrade.ts'
import { CommandRefused } from '../command-refused.ts'
import { inParallel } from '../fleet/in-parallel.ts'
import { type AskedCommands, bulkCommandOf } from '../fleet/server-item.ts'
import { type OperatorCommand, type OperatorTools, simpleCommand } from './operator-command.ts'
import { type PreviewedCommand, previewedCommand } from './previewed-command.ts'

export type BulkRequest = Readonly<{ kind: AskedOperation; items: readonly OperationItem[]; reason: string }>

/** What each server would answer now. `wouldRecord` empty and no refusal: it is so already. */
export type BulkPreview = Readonly<{ items: readonly BulkPreviewItem[] }> & Readonly<{ refusal?: Refusal }>
export type BulkPreviewItem = OperationItem & Readonly<{ wouldRecord: readonly string[]; refusal?: Refusal }>

export type BulkCommands = Readonly<{
  /** The id of the outcome is that of the operation. */
  startBulk: OperatorCommand<BulkRequest> & Readonly<{ preview: (request: BulkRequest, by: string) => Promise<BulkPreview> }>
  /** Another version of the package of one server. The id of the outcome is that of the operation. */
  startUpgrade: OperatorCommand<UpgradeRequest>
  cancelOperation: OperatorCommand<Readonly<{ id: string; reason: string }>>
}>

/** `digest`: of the trial that was looked at. */
export type UpgradeRequest = Readonly<{ id: string; version: string; digest?: string; reason: string }>

export function createBulkCommands(tools: OperatorTools, { servers }: Readonly<{ servers: AskedCommands }>): BulkCommands {
  const startBulk: PreviewedCommand<BulkRequest> = previewedCommand<BulkRequest>(tools, {
    name: 'operations.start',
    subject: ({ kind, items }) => `${kind} of ${items.length}`,
    body: ({ kind, items, reason }) => ({ kind, items: items.map(({ id, name }) => ({ id, name })), reason }),
    command({ kind, items, reason }, { newId: operationId, by, now }) {
      const data = { operationId, kind, subject: subjectOf(items), items, reason, by, now }
      return { aggregate: 'operation', id: operationId, command: { type: 'StartBulkOperation', data } }
    },
  })
  // Only the list is put away: `preview` of the command itself would show the operation, and not what it comes to.
  const run: OperatorCommand<BulkRequest> = (input) => startBulk(input)
  return {
    startBulk: Object.assign(run, {
      async preview(request: BulkRequest, by: string): Promise<BulkPreview> {
        const { refusal } = await startBulk.preview(request, by)
        if (refusal) return { items: [], refusal }
        const { kind, items, reason } = request
        const previews = new Map<OperationItem, BulkPreviewItem>()
        await inParallel(items, PREVIEWS_AT_ONCE, async (item) => {
          const { wouldRecord, refusal: own } = await bulkCommandOf(servers, kind).preview({ id: item.id, reason }, by)
          previews.set(item, { ...item, wouldRecord: wouldRecord.map(({ type }) => type), ...(own === undefined ? {} : { refusal: own }) })
        })
        return { items: items.flatMap((item) => previews.get(item) ?? []) }
      },
    }),
    startUpgrade: previewedCommand<UpgradeRequest>(tools, {
      name: 'servers.upgrade',
      subject: ({ id }) => id,
      body: ({ id, version, digest, reason }) => ({ id, version, reason, ...(digest === undefined ? {} : { digest }) }),
      async command({ id, version, digest, reason }, { newId: operationId, by, now }) {
        const { state } = await tools.log.states.server(id)
        if (state.situation !== 'registered')
          throw new CommandRefused({ rule: 'server-not-registered', facts: { situation: state.situation } })
        const upgraded = withPackageVersion(state.config, version)
        if (upgraded.kind === 'refused') throw new CommandRefused({ rule: upgraded.rule, facts: { version, says: upgraded.says } })
        const items = [{ id, name: state.name }]
        const work = { kind: 'servers-upgrade', version, ...(digest === undefined ? {} : { digest }) } as const
        const data = { operationId, ...work, subject: `${state.name} to ${version}`, items, reason, by, now }
        return { aggregate: 'operation', id: operationId, command: { type: 'StartBulkOperation', data } }
      },
    }),
    cancelOperation: simpleCommand(
      tools,
      'operations.cancel',
      ({ id, reason }, { meta, now }) => ({
        aggregate: 'operation',
        id,
        command: { type: 'CancelOperation', data: { by: meta.owner, reason, now } },
      }),
      ({ id, reason }) => ({ id, reason }),
    ),
  }
}

/** A few by name, many by their number. */
function subjectOf(items: readonly OperationItem[]): string {
  const [only] = items
  return items.length === 1 && only ? (only.name ?? only.id) : `${items.length} servers`
}

/** Each reads the stream of its server. */
const PREVIEWS_AT_ONCE = 16
