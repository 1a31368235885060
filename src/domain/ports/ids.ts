/** The only source of identity. */
export interface Ids {
  /** A new id, never given before: UUIDv7, so that ids sort by time. For claims and attempts. */
  fresh(): string
  /** The same parts, the same id: UUIDv5. Only for what may be recorded twice without harm, and for names that must be found again. */
  derived(...parts: readonly string[]): string
}
