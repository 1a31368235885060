import type { ChildProcess } from './child-processes.ts'
import type { McpLink } from './mcp.ts'

/** Opens lines to servers. */
export interface McpLinks {
  /** Over the standard streams of a program. Closing the link stops the program, with so much patience. */
  stdio(child: ChildProcess, options: Readonly<{ stopGraceMs: number }>): McpLink
  /** Over HTTP. Nothing is sent before the first message. */
  http(address: Readonly<{ url: string; headers: Readonly<Record<string, string>> }>): McpLink
}
