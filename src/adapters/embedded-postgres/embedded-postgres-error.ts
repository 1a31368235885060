/** Why the embedded database could not be started, in words an operator can act on. `rule` is the stable name of the reason. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError'
  readonly rule: EmbeddedPostgresRule
  /** The process that holds the data directory, for `data-directory-in-use`. */
  readonly ownerPid: number | undefined
  constructor(facts: { rule: EmbeddedPostgresRule; says: string; ownerPid?: number | undefined; cause?: unknown }) {
    super(facts.says, { cause: facts.cause })
    this.rule = facts.rule
    this.ownerPid = facts.ownerPid
  }
}

export type EmbeddedPostgresRule =
  | 'platform-unsupported'
  | 'data-directory-unusable'
  | 'data-directory-in-use'
  | 'wrong-major-version'
  | 'socket-path-too-long'
  | 'socket-directory-unsafe'
  | 'cannot-run-as-root'
  | 'program-missing'
  | 'disk-full'
  | 'start-failed'

/**
 * Gives a failure of the file system its rule; what is already an EmbeddedPostgresError passes through.
 * ENOSPC and EDQUOT are the full disk; everything else means that the directory cannot be used as it is.
 */
export function asEmbeddedPostgresError(error: unknown, dataDir: string): unknown {
  if (error instanceof EmbeddedPostgresError || !(error instanceof Error) || !('code' in error)) return error
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') return diskFull(dataDir, error)
  if (error.code === 'EACCES' || error.code === 'EPERM' || error.code === 'EROFS' || error.code === 'ENOTDIR' || error.code === 'EEXIST') {
    return new EmbeddedPostgresError({
      rule: 'data-directory-unusable',
      says: `the data directory ${dataDir} cannot be used: ${error.message}. Give Steward a directory that its user owns and may write.`,
      cause: error,
    })
  }
  return error
}

export const diskFull = (dataDir: string, cause: unknown): EmbeddedPostgresError =>
  new EmbeddedPostgresError({
    rule: 'disk-full',
    says: `the disk of the data directory ${dataDir} is full; free at least 100 MB there and start again. Nothing that was acknowledged is lost.`,
    cause,
  })

/** What the operating system says, through PostgreSQL's mouth, when there is no space left. */
export const saysDiskFull = (output: string): boolean => /No space left on device|Disk quota exceeded|\b53100\b/.test(output)
