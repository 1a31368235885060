/** What a life of a server shows of itself, in the shape in which it is recorded and answered: never longer than an entry of the log should be. */
import type { Negotiation } from '../../domain/mcp/negotiation.ts'
import { protect } from '../../domain/protected.ts'
import type { Negotiated } from '../../domain/server/events.ts'

export function spokenBy({ era, version, serverInfo, capabilities }: Negotiation): Negotiated {
  return { era, protocolVersion: version, serverName: serverInfo.name, serverVersion: serverInfo.version, capabilities }
}

/** Of the end of its error stream, in UTF-16 units: enough for a stack. */
const STDERR_EXCERPT = 3_500

export const toldOf = ({ says, stderrTail }: Readonly<{ says: string; stderrTail: string }>) => ({
  says: protect(says),
  stderrTail: protect(stderrTail.slice(-STDERR_EXCERPT)),
})
