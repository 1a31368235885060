/**
 * The revisions of the protocol that are spoken here. There are two eras: with a session (`initialize` first), and stateless (every request
 * says who asks and in which revision).
 */

export type Era = 'session' | 'stateless'

/** Newest first. */
export const STATELESS_VERSIONS = ['2026-07-28'] as const
export const SESSION_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const

export const LATEST_STATELESS = STATELESS_VERSIONS[0]
export const LATEST_SESSION = SESSION_VERSIONS[0]
/** What a request over HTTP means that names no revision: the header came with the next one. */
export const VERSION_WITHOUT_HEADER = '2025-03-26'

const session: ReadonlySet<string> = new Set(SESSION_VERSIONS)
const stateless: ReadonlySet<string> = new Set(STATELESS_VERSIONS)

export const isSessionVersion = (version: string): boolean => session.has(version)
export const isStatelessVersion = (version: string): boolean => stateless.has(version)

/** Revisions from which streams may open with an empty event that carries an id; older clients read every event as a message. */
export const takesPrimingEvent = (version: string): boolean => version >= '2025-11-25'
