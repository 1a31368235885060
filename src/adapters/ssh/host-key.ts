/** Host keys in the two forms that people compare: the line of known_hosts, and the fingerprint that OpenSSH prints. */
import { createHash } from 'node:crypto'
import type { HostKey } from '../../domain/ports/remote-host.ts'

/** `blob` is the public key as it travels: a length, the name of its type, and the rest. */
export function hostKeyOf(blob: Buffer): HostKey {
  const type = blob.subarray(4, 4 + blob.readUInt32BE(0)).toString('ascii')
  const fingerprint = createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')
  return { key: `${type} ${blob.toString('base64')}`, fingerprint: `SHA256:${fingerprint}` }
}

/** Compares the key itself; the fingerprint is for people. */
export const isPinned = (pinned: HostKey, shown: HostKey): boolean => keyOnly(pinned.key) === shown.key

/** Without the comment that a line of known_hosts may carry. */
const keyOnly = (line: string): string => line.trim().split(/\s+/).slice(0, 2).join(' ')

/**
 * The algorithms to ask for, so that a server with several keys shows the pinned one.
 * Undefined when the type is unknown here: then the comparison alone decides.
 */
export function algorithmsOf(pinned: HostKey): readonly ServerHostKeyAlgorithm[] | undefined {
  const type = keyOnly(pinned.key).split(' ')[0]
  return type === undefined ? undefined : ALGORITHMS.get(type)
}

type ServerHostKeyAlgorithm =
  | 'ssh-ed25519'
  | 'ecdsa-sha2-nistp256'
  | 'ecdsa-sha2-nistp384'
  | 'ecdsa-sha2-nistp521'
  | 'rsa-sha2-512'
  | 'rsa-sha2-256'

/** SHA-1 signatures (`ssh-rsa`) are not asked for: nothing that is still maintained needs them. */
const ALGORITHMS = new Map<string, readonly ServerHostKeyAlgorithm[]>([
  ['ssh-ed25519', ['ssh-ed25519']],
  ['ecdsa-sha2-nistp256', ['ecdsa-sha2-nistp256']],
  ['ecdsa-sha2-nistp384', ['ecdsa-sha2-nistp384']],
  ['ecdsa-sha2-nistp521', ['ecdsa-sha2-nistp521']],
  ['ssh-rsa', ['rsa-sha2-512', 'rsa-sha2-256']],
])
