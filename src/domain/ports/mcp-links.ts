import type { ChildProcess } from './child-processes.ts'
import type { McpLink } from './mcp.ts'

/** Opens lines to servers. */
export interface McpLinks {
  /** Over the standard streams of a program. Closing the link does not stop the program. */
  stdio(child: ChildProcess): McpLink
  /** Over HTTP. Nothing is sent before the first message. */
  http(address: Readonly<{ url: string; headers: Readonly<Record<string, string>> }>): McpLink
}
