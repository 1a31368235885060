/** What the failure of a tunnel says of the service behind it. */
import { HostUnreachable, ServiceRefused } from '../../domain/ports/remote-host.ts'
import { ChannelRefused } from './connection.ts'

/** RFC 4254, 5.1: SSH_OPEN_CONNECT_FAILED. */
const CONNECT_FAILED = 2

/** The host answered that nobody listens there: the service is down. Anything else says nothing of the service. */
export const isNobodyListening = (error: unknown): boolean => error instanceof ChannelRefused && error.reason === CONNECT_FAILED

/** A failure before anything was asked of the service. `nobodyListens` is the code for a service that is down, `broken` for one that hung up. */
export function loginFailure(
  error: unknown,
  { hostId, nobodyListens, overdue }: { hostId: string; nobodyListens: string; overdue: boolean },
): Error {
  if (error instanceof ServiceRefused) return error
  if (isNobodyListening(error)) return new ServiceRefused({ code: nobodyListens, says: 'nobody listens there', cause: error })
  if (error instanceof HostUnreachable) return error
  if (overdue) return new HostUnreachable({ hostId, rule: 'timeout', says: 'the service did not answer the login in time', cause: error })
  return error instanceof Error ? error : new Error(String(error))
}
