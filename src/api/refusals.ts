/**
 * The one catalogue of errors: what a broken rule means to a caller. The domain knows rules, only this file knows statuses.
 * The code of an error is its rule in UPPER_SNAKE, unless `code` says otherwise.
 */
export type RefusalStatus = 400 | 401 | 403 | 404 | 405 | 406 | 409 | 412 | 413 | 415 | 422 | 428 | 429 | 500 | 503 | 504
export type RefusalEntry = Readonly<{ status: RefusalStatus; message: string; code?: string }>

export const refusals = {
  // What is wrong with the request itself.
  malformed: { status: 400, message: 'The request cannot be read.' },
  'malformed-json': { status: 400, message: 'The body is not JSON that can be accepted.' },
  'invalid-header': { status: 400, message: 'A header has a form that is not accepted.' },
  'unknown-position': { status: 400, message: 'The position is none of this log.' },
  'invalid-cursor': { status: 400, message: 'The cursor was not made by this list.' },
  unauthenticated: { status: 401, message: 'Send a valid key: Authorization: Bearer KEY.' },
  forbidden: { status: 403, message: 'The role of this key does not allow it.' },
  'not-found': { status: 404, message: 'There is no such thing, or it is not for you to see.' },
  'method-not-allowed': { status: 405, message: 'This path exists, but not with this method.' },
  'not-acceptable': { status: 406, message: 'None of the accepted media types can be produced.' },
  'concurrency-conflict': { status: 412, message: 'Somebody else changed it first. Look again, then repeat.' },
  'payload-too-large': { status: 413, message: 'The body is larger than accepted.' },
  'unsupported-media-type': { status: 415, message: 'Send application/json in UTF-8, not compressed.' },
  'validation-failed': { status: 422, message: 'Some fields break a rule; each is named in the details.' },
  'idempotency-mismatch': { status: 422, message: 'This idempotency key was used before with another request.' },
  'precondition-required': {
    status: 428,
    message: 'Send If-Match with the ETag of what you saw, or * for whatever it is now.',
  },
  'rate-limited': { status: 429, message: 'Too many requests. Wait as long as Retry-After says.' },
  'too-many-streams': { status: 429, message: 'Too many event streams are open. Close one first.' },
  'command-in-progress': { status: 409, message: 'The same command is still being carried out. Repeat with the same key.' },

  // What is wrong with us, or behind us.
  'internal-error': { status: 500, message: 'Something went wrong here. The request id leads to the cause in the log.' },
  'projection-lagging': { status: 503, message: 'The read model has not reached the asked position yet. Try again.' },
  'store-unavailable': { status: 503, message: 'The event store cannot be reached now. Try again.' },
  'host-unreachable': { status: 503, message: 'The host cannot be reached.' },
  'shutting-down': { status: 503, message: 'The service is stopping. Try again in a moment.' },
  'outcome-unknown': {
    status: 504,
    message: 'Whether it was stored is unknown. Repeat with the same Idempotency-Key to find out; nothing is done twice.',
  },
  'append-too-large': { status: 413, message: 'The event that would be recorded is larger than the log accepts.' },
  'secret-unavailable': { status: 422, message: 'The reference to a secret leads nowhere that may be read.' },

  'plan-changed-since': {
    status: 409,
    message: 'What would be done is not what was looked at. Look again, then repeat with the new plan.',
  },

  // Keys.
  'key-already-exists': { status: 409, message: 'A key with this id exists.' },
  'key-expires-in-the-past': { status: 422, message: 'The key would be expired from the beginning.' },
  'key-not-found': { status: 404, message: 'There is no such key.' },

  // Names and hosts.
  'name-taken': { status: 409, message: 'The name belongs to another.' },
  'host-already-registered': { status: 409, message: 'The host is registered already.' },
  'host-not-registered': { status: 404, message: 'There is no such host, or it was retired.' },
  'host-key-unconfirmed': {
    status: 409,
    message: 'Compare the fingerprint with that of the host, then send the request again with hostKey as given in the details.',
  },
  'host-key-mismatch': { status: 409, message: 'The host shows another key than the one that was confirmed.' },
  'host-key-taken': {
    status: 409,
    message:
      'Another host is registered with this key, so it probably is the same machine; the details name it. If it really is another machine, send sharedHostKey: true.',
  },
  'host-has-targets': { status: 409, message: 'Targets are registered on this host; retire them first. The details name them.' },
  'private-key-invalid': { status: 422, message: 'The secret is there, but it is no private key that can be used.' },
  'login-refused': { status: 422, message: 'The host does not let this account in with this private key.' },
  'not-an-ssh-server': { status: 422, message: 'What answers at this port does not speak SSH.' },
  'shell-unusable': { status: 422, message: 'The account is let in, but runs no commands; it needs a POSIX shell.' },
  'host-budget-exhausted': { status: 409, message: 'The host had its actions of this hour.' },

  // Targets.
  'target-already-registered': { status: 409, message: 'The target is registered already.' },
  'target-not-registered': { status: 404, message: 'There is no such target, or it was retired.' },
  'target-of-a-server': {
    status: 409,
    message: 'The target is a managed server, and is retired with it: retire the server, or pause the target.',
  },
  'target-unseen': { status: 409, message: 'The target cannot be seen now.' },
  'connection-for-another-service': { status: 422, message: 'The connection describes another service than the target names.' },
  'state-dir-unknown': { status: 422, message: 'No directory of its own could be found on the host; name one.' },
  'state-dir-unwritable': {
    status: 422,
    message: 'The account of the host may not write where Steward would keep its marks; name another directory.',
  },
  'path-missing': { status: 422, message: 'There is no such file on the host.' },
  'path-unreadable': { status: 422, message: 'The account of the host may not read the file.' },
  'service-not-running': { status: 422, message: 'The service does not run on the host.' },
  'service-unseen': { status: 422, message: 'Whether the service runs could not be found out; check the connection.' },
  'service-refused': { status: 422, message: 'The service refused the connection as it is described.' },
  'target-is-being-fixed': {
    status: 409,
    message:
      'A fix is being carried out on this target; the details name its incident and execution. Wait for its end, or say how it ended.',
  },
  'target-left': { status: 409, message: 'The target is being retired; nothing begins on it any more.' },
  'target-not-frozen': { status: 409, message: 'The target is not frozen.' },

  // Anomalies, incidents, fingerprints.
  'anomaly-not-found': { status: 404, message: 'There is no such anomaly.' },
  'anomaly-move-not-allowed': {
    status: 409,
    code: 'INVALID_TRANSITION',
    message: 'From its present status it cannot become that; the details name what it can become.',
  },
  'incident-not-found': { status: 404, message: 'There is no such incident.' },
  'incident-ended': { status: 409, message: 'The incident has ended.' },
  'incident-is-executing': { status: 409, message: 'A fix is being carried out. Wait for its end.' },
  'outcome-not-declared': { status: 409, message: 'Nobody knows what the fix did. First say so: resolve with an outcome.' },
  'outcome-not-undetermined': { status: 409, message: 'Its outcome is not in doubt.' },
  'breaker-not-open': { status: 409, message: 'The breaker of this fingerprint is not open.' },

  // Approvals.
  'approval-already-requested': { status: 409, message: 'The approval was asked for already.' },
  'approval-not-pending': { status: 409, message: 'This approval is no longer waiting.' },
  'approval-not-open': { status: 409, message: 'This approval cannot be taken back any more.' },
  'approval-not-granted': { status: 409, message: 'This approval was not granted.' },
  'approval-expired': { status: 409, message: 'The time to approve has passed. Ask for a new plan.' },
  'approval-is-for-another-plan': { status: 409, message: 'The plan has changed since you saw it. Look at the new one.' },
  'approval-needs-another-owner': {
    status: 409,
    message: 'You agreed already. The policy asks for two people: another owner must agree too.',
  },
  'approval-needs-somebody-else': { status: 403, message: 'Somebody other than the one who asked must approve.' },

  // Managed servers and their tools.
  'server-already-registered': { status: 409, message: 'The server is registered already.' },
  'server-not-registered': { status: 404, message: 'There is no such server, or it was retired.' },
  'server-config-invalid': { status: 422, message: 'The configuration breaks rules; each is named in the details.' },
  'server-not-wanted': { status: 409, message: 'Nobody wants this server to run now.' },
  'server-disabled': { status: 409, message: 'The server is disabled. Enable it first.' },
  'server-retention-over': { status: 409, message: 'The server was retired too long ago to be restored.' },
  'built-in-server': { status: 409, message: 'The server comes with Steward: it can be disabled, not retired.' },
  'invalid-transition': { status: 409, message: 'From its present state it cannot become that; the details name what it can become.' },
  'executable-changed-since': { status: 409, message: 'The program or its arguments changed since you saw them. Look again.' },
  'definition-changed-since': { status: 409, message: 'The server offers another definition than the one you saw. Look again.' },
  'instructions-not-quarantined': { status: 409, message: 'The instructions of this server wait for nobody.' },
  'tool-unknown': { status: 404, message: 'The server has no tool of this name.' },
  'not-a-package': { status: 422, message: 'Only a server that npx starts from a package has versions to choose from.' },
  'not-an-exact-version': { status: 422, message: 'The version must be exact, such as 1.2.3.' },
  'server-not-supervised-here': {
    status: 503,
    message: 'This instance supervises no servers now; another one does, or is about to. Try again.',
  },
  'tool-call-refused': { status: 409, message: 'The call got no answer of the tool; the details tell by which rule, and what to do.' },
  'tool-call-timed-out': {
    status: 504,
    message: 'The tool gave no answer in time, and the call was cancelled at its server; it may have had its effect.',
  },
  'circuit-open': { status: 503, message: 'The server failed several times in a row; the details tell when it is tried again.' },
  'server-not-running': { status: 409, message: 'The server does not run now. Start it first.' },
  'server-did-not-answer': { status: 504, message: 'The server did not answer as its protocol says; the details tell how.' },

  // Undo.
  'command-unknown': { status: 404, message: 'There is no command of this id.' },
  'command-not-undoable': { status: 409, message: 'This command has no way back; the details say why.' },
  'changed-since': {
    status: 409,
    message: 'Somebody decided something about it since; the details name what. Undo that first, or change it anew.',
  },

  // Operations and processes.
  'operation-not-running': { status: 409, message: 'The operation has ended.' },
  'operation-not-cancellable': { status: 409, message: 'Only operations on many servers can be cancelled.' },
  'operation-empty': { status: 422, message: 'No server fits: there is nothing to do.' },
  'operation-too-large': { status: 422, message: 'Too many servers for one operation; the details say how many it takes.' },
  'operation-cancelled': { status: 409, message: 'The operation was cancelled; nothing more of it begins.' },
  'operation-item-unknown': { status: 404, message: 'The operation is not about that.' },
  'operation-item-ended': { status: 409, message: 'This item of the operation has ended.' },
  'operation-item-twice': { status: 422, message: 'A server stands in the list twice; the details name it.' },
  'instance-not-parked': { status: 409, message: 'The instance is not parked.' },
} as const satisfies Record<string, RefusalEntry>

export type RefusalRule = keyof typeof refusals

/** The entry of a rule; a rule without one is a conflict that nobody described yet. */
export function refusalOf(rule: string): Required<RefusalEntry> & Readonly<{ described: boolean }> {
  const entry: RefusalEntry | undefined = isDescribed(rule) ? refusals[rule] : undefined
  if (!entry) return { status: 409, code: codeOf(rule), message: 'A rule forbids it; the code names the rule.', described: false }
  return { status: entry.status, code: entry.code ?? codeOf(rule), message: entry.message, described: true }
}

export const isDescribed = (rule: string): rule is RefusalRule => Object.hasOwn(refusals, rule)

const codeOf = (rule: string): string => rule.toUpperCase().replaceAll('-', '_')
