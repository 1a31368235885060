/** What a server would be in another version of its package, found out by starting that beside the one that runs. */
import type { CanaryStart } from '../../domain/ports/canary-start.ts'
import type { Hash } from '../../domain/ports/hash.ts'
import type { ServerConfig } from '../../domain/server/config.ts'
import type { Negotiated } from '../../domain/server/events.ts'
import { isApproved } from '../../domain/server/executable.ts'
import type { RegisteredServer } from '../../domain/server/state.ts'
import type { HashedTool } from '../../domain/server/tool.ts'
import { type CatalogueDiff, diffCatalogues, packageOf, withPackageVersion } from '../../domain/server/upgrade.ts'

export type UpgradeTrial = Readonly<{ from: string | null; to: string }> &
  (
    | (Works & Readonly<{ kind: 'works' }>)
    /** It is of this version already. */
    | Readonly<{ kind: 'same' }>
    /** `rule`: of the version or the configuration, or why the canary did not start. */
    | Readonly<{ kind: 'refused'; rule: string; says: string; stderrTail: string }>
  )

type Works = Readonly<{
  config: ServerConfig
  /** Of everything a model would read of it: another one is not what somebody has looked at. */
  digest: string
  negotiated: Omit<Negotiated, 'capabilities'>
  startedInMs: number
  tools: CatalogueDiff
  /** Null of either: it says nothing. */
  instructions: Readonly<{ from: string | null; to: string | null }> | null
}>

export async function tryUpgrade(
  { server, version, signal }: Readonly<{ server: RegisteredServer; version: string; signal: AbortSignal }>,
  { canary, hash }: Readonly<{ canary: CanaryStart; hash: Hash }>,
): Promise<UpgradeTrial> {
  const between = { from: packageOf(server.config)?.version ?? null, to: version }
  const upgraded = withPackageVersion(server.config, version)
  if (upgraded.kind === 'refused') return { ...between, kind: 'refused', rule: upgraded.rule, says: upgraded.says, stderrTail: '' }
  if (between.from === version) return { ...between, kind: 'same' }
  const { config } = upgraded
  const tried = await canary.tryStart({ config, approved: isApproved(server, config, hash), signal })
  switch (tried.kind) {
    case 'given-up':
      throw signal.reason
    case 'failed': {
      const { reason, says, stderrTail } = tried
      return { ...between, kind: 'refused', rule: reason, says: says.text, stderrTail: stderrTail.text }
    }
    case 'healthy': {
      const { tools, instructions, startedInMs, negotiated } = tried
      const { capabilities: _, ...spoken } = negotiated
      const read = [version, config, tools.map(({ hash: of }) => of), instructions?.hash ?? null]
      const was = server.instructions.approved
      return {
        ...between,
        ...{ kind: 'works', config, startedInMs, negotiated: spoken },
        digest: hash.sha256(JSON.stringify(read)),
        tools: diffCatalogues(offered(server), tools),
        instructions: was?.hash === instructions?.hash ? null : { from: was?.text ?? null, to: instructions?.text ?? null },
      }
    }
  }
}

/** What it offers now, approved or not. */
const offered = ({ tools }: RegisteredServer): readonly HashedTool[] =>
  [...tools.values()].flatMap((tool) => (tool.offered ? (tool.pending ?? tool.approved ?? []) : []))
