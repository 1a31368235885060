/** The port of the supervisor, put together. */
import type { McpSessions } from '../../domain/ports/mcp.ts'
import { listTools, probe } from './list-tools.ts'
import { negotiate } from './negotiate.ts'

export const mcpSessions: McpSessions = { negotiate, listTools, probe }
