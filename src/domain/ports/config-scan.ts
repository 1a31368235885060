/** Looks for configurations of MCP clients, and for installed servers, where it was told to look, and nowhere else. Reads; runs and changes nothing. */
import type { ClientFormat } from '../discovery/found.ts'
import type { Secret } from './secrets.ts'

export interface ConfigScan {
  /**
   * Every file that is worth reading, in order of its path. What is wrong with one file is said of that file and ends nothing; the same holds for
   * a bound that was reached.
   * @throws what `signal` was aborted with.
   */
  scan(options?: Readonly<{ signal?: AbortSignal }>): Promise<readonly ScannedFile[]>
}

export type ScannedFile =
  /** The whole of it may be secret. `folder`: of a package, where its `node_modules` is. */
  | Readonly<{ kind: 'text'; path: string; format: ClientFormat; folder: string; text: Secret }>
  | Readonly<{ kind: 'problem'; path: string; rule: ScanRule; says: string }>

export type ScanRule =
  | 'too-large'
  | 'not-utf-8'
  | 'symlink-loop'
  | 'outside-directories'
  | 'not-a-regular-file'
  | 'permission-denied'
  | 'missing'
  | 'unreadable'
  | 'changed-while-read'
  | 'too-deep'
  | 'too-many-files'
