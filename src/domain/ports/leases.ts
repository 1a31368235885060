/**
 * Who is alive. A lease is held by a session with the database, so it ends when its holder dies, whatever killed it.
 * A lease is a hint that saves double work; safety never depends on it, only on exact revisions and marks on the host.
 */
export interface Leases {
  /** Takes the lease if nobody holds it. Undefined: somebody else does. Its `lost` signal aborts when the session ends. */
  tryHold(name: string): Promise<Lease | undefined>
  /** Whether any live session holds it. */
  isHeld(name: string): Promise<boolean>
}

export interface Lease extends AsyncDisposable {
  readonly name: string
  readonly lost: AbortSignal
}
