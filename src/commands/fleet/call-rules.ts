/** Whether one call may go to a server now, and if not, why, in words that say what to do. */
import type { JsonObject } from '../../domain/ports/json.ts'
import type { CallVerdict } from '../../domain/ports/mcp.ts'
import { type CheckArguments, type SchemaCheck, UnusableSchema } from '../../domain/ports/schema-check.ts'
import type { RegisteredServer } from '../../domain/server/state.ts'
import { type HashedTool, type Tool, toolState } from '../../domain/server/tool.ts'

export type CallRules = Readonly<{
  judge: (server: RegisteredServer, tool: string, args: JsonObject) => CallVerdict
}>

/** Compiled checks by hash of the definition; oldest first. */
const MOST_CHECKS = 2_000

export function createCallRules({ schemas }: { schemas: SchemaCheck }): CallRules {
  const checks = new Map<string, CheckArguments | UnusableSchema>()

  return {
    judge(server, name, args) {
      const tool = server.tools.get(name)
      if (!tool) return { kind: 'refused', rule: 'tool-unknown', says: `${server.name} offers no tool ${name}`, as: 'error' }
      const unavailable = whyUnavailable(server, tool)
      if (unavailable) {
        const bypassed = tool.bypass ?? server.config.toolPolicy.bypassWhenUnavailable
        return bypassed ? { kind: 'bypassed', ...unavailable } : { kind: 'refused', ...unavailable, as: 'error' }
      }
      if (tool.approved) {
        const broken = violationsOf(tool.approved, args)
        if (broken !== undefined) return { kind: 'refused', rule: 'arguments-invalid', says: broken, as: 'result' }
      }
      return { kind: 'ok', timeoutMs: server.config.callTimeoutMs, retrySafe: tool.retrySafe }
    },
  }

  /** The first broken rules in words; undefined: none. */
  function violationsOf(approved: HashedTool, args: JsonObject): string | undefined {
    const check = checkOf(approved)
    if (check instanceof UnusableSchema) return `the schema of the tool cannot be used: ${check.message}`
    const broken = check(args)
    return broken.length === 0 ? undefined : broken.map(({ path, says }) => `${path === '' ? 'arguments' : path}: ${says}`).join('; ')
  }

  function checkOf({ hash, definition }: HashedTool): CheckArguments | UnusableSchema {
    const known = checks.get(hash)
    if (known) return known
    const made = compile(definition.inputSchema)
    checks.set(hash, made)
    const [oldest] = checks.keys()
    if (checks.size > MOST_CHECKS && oldest !== undefined) checks.delete(oldest)
    return made
  }

  function compile(schema: JsonObject): CheckArguments | UnusableSchema {
    try {
      return schemas.compile(schema)
    } catch (error) {
      if (error instanceof UnusableSchema) return error
      throw error
    }
  }
}

function whyUnavailable(server: RegisteredServer, tool: Tool): Readonly<{ rule: string; says: string }> | undefined {
  const full = `${server.name}.${tool.name}`
  switch (toolState(tool)) {
    case 'disabled':
      return { rule: 'tool-disabled', says: `${full} is disabled; an operator can enable it` }
    case 'quarantined':
      return {
        rule: 'tool-quarantined',
        says: `the definition of ${full} is not the one that was approved; an operator can look at it and approve it`,
      }
    case 'unavailable':
      return { rule: 'tool-unavailable', says: `${server.name} does not offer ${tool.name} at the moment` }
    case 'enabled':
      return undefined
  }
}
