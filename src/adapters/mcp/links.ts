/** The port by which lines to servers are opened. */
import type { McpLinks } from '../../domain/ports/mcp-links.ts'
import type { ResolveOutbound } from '../outbound/resolve-outbound.ts'
import { createHttpLink, type HttpLinkOptions } from './http-link.ts'
import { createStdioLink } from './stdio-link.ts'

export type McpLinksOptions = Omit<HttpLinkOptions, 'url' | 'headers'> &
  Readonly<{
    /** Never left out: whoever registers a server gives the URL. */
    resolve: ResolveOutbound
  }>

export const createMcpLinks = (options: McpLinksOptions): McpLinks => ({
  stdio: (child, { stopGraceMs }) => createStdioLink(child, { stopGraceMs }),
  http: (address) => createHttpLink({ ...options, ...address }),
})
