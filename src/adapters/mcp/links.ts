/** The port by which lines to servers are opened. */
import type { McpLinks } from '../../domain/ports/mcp-links.ts'
import { createHttpLink, type HttpLinkOptions } from './http-link.ts'
import { createStdioLink } from './stdio-link.ts'

export const createMcpLinks = (options: Omit<HttpLinkOptions, 'url' | 'headers'> = {}): McpLinks => ({
  stdio: (child) => createStdioLink(child),
  http: (address) => createHttpLink({ ...options, ...address }),
})
