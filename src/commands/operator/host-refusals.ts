/** What went wrong with a host, as a refusal that names the field to blame. The same table when a host is added, when its key changes, and for targets. */
import { HostUnreachable, RemoteOutcomeUnknown, RemoteTimeout } from '../../domain/ports/remote-host.ts'
import { SecretUnavailable } from '../../domain/ports/secrets.ts'
import { CommandRefused } from '../command-refused.ts'

/** `ask` speaks with a host that is being described by the caller. */
export async function reached<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof HostUnreachable) throw refusalOf(error)
    // It was let in, and yet what it was asked to run did not come to an end.
    if (error instanceof RemoteTimeout || error instanceof RemoteOutcomeUnknown) {
      throw new CommandRefused({ rule: 'shell-unusable', facts: { field: 'username', says: error.message } })
    }
    throw error
  }
}

/** `ask` speaks with a host that is registered; `field` of the request refers to it, where one does. */
export async function onHost<Answer>(ask: () => Promise<Answer>, { field }: Readonly<{ field?: string }> = {}): Promise<Answer> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof HostUnreachable)) throw error
    const blamed = field === undefined ? {} : { field }
    throw new CommandRefused({ rule: 'host-unreachable', facts: { ...blamed, reason: error.rule, says: error.message } })
  }
}

function refusalOf({ rule: reason, message: says, cause }: HostUnreachable): CommandRefused {
  switch (reason) {
    case 'key-unreadable':
      return cause instanceof SecretUnavailable
        ? new CommandRefused({ rule: 'secret-unavailable', facts: { field: 'privateKey', reason: cause.rule, says: cause.message } })
        : new CommandRefused({ rule: 'private-key-invalid', facts: { field: 'privateKey', says } })
    case 'host-key-mismatch':
      return new CommandRefused({ rule: 'host-key-mismatch', facts: { field: 'hostKey', says } })
    case 'key-rejected':
      return new CommandRefused({ rule: 'login-refused', facts: { field: 'username', says } })
    case 'channel-refused':
      return new CommandRefused({ rule: 'shell-unusable', facts: { field: 'username', says } })
    case 'not-ssh':
      return new CommandRefused({ rule: 'not-an-ssh-server', facts: { field: 'port', says } })
    case 'refused':
      return new CommandRefused({ rule: 'host-unreachable', facts: { field: 'port', reason, says } })
    default:
      return new CommandRefused({ rule: 'host-unreachable', facts: { field: 'address', reason, says } })
  }
}
