/** What discovery finds: servers as they would be registered, with every secret already taken out, and what is wrong with each file and each server. */
import type { Secret } from '../ports/secrets.ts'
import type { ServerConfig } from '../server/config.ts'

/** Whose configuration a file is. */
export const clientFormats = ['claude-desktop', 'mcp', 'vscode', 'cursor', 'npm-package', 'registry'] as const
export type ClientFormat = (typeof clientFormats)[number]

/** Something that a person should know, with the member it is about. `rule` is stable; `says` is for people, and never repeats a value. */
export type Remark = Readonly<{ field: string; rule: string; says: string }>

export type FoundServer = Readonly<{
  /** Valid, and unique among the servers that were found together. */
  name: string
  source: Source
  /** As it would be registered: disabled, secrets as references to where they would be put. Undefined: the problems do not allow one. */
  config: ServerConfig | undefined
  secrets: readonly HeldSecret[]
  /** What is other than in the file, and what of the file is not taken. */
  changes: readonly Remark[]
  /** While there is one, it cannot be imported. */
  problems: readonly Remark[]
}>

export type Source = Readonly<{
  path: string
  format: ClientFormat
  /** The name in the file. */
  entry: string
}>

/** A literal that was taken out of a configuration, on its way into a file. Cannot be printed. */
export type HeldSecret = Readonly<{
  /** `transport.env.GITHUB_TOKEN` */
  field: string
  /** How its file would be called. */
  slug: string
  value: Secret
}>

/** What one file gave. */
export type FileFindings = Readonly<{ servers: readonly FoundServer[]; problems: readonly Remark[]; notes: readonly Remark[] }>
