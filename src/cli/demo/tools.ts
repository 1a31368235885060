/**
 * What the demo needs and must not import: adapters. The entry of the command line hands them in; here stands only what is asked of them.
 */

/** A host of its own: real SSH protocol on 127.0.0.1, commands run by a real shell. */
export type PracticeHost = Readonly<{
  address: string
  port: number
  username: string
  privateKeyPath: string
  hostKey: Readonly<{ key: string; fingerprint: string }>
  close: () => Promise<void>
}>

/** A PostgreSQL of its own, as a service to watch. */
export type PracticePostgres = Readonly<{
  configPath: string
  includeDir: string
  logPath: string
  socket: string
  superuser: string
  connectionString: (role: string) => string
  stop: () => Promise<void>
}>

export type DemoTools = Readonly<{
  startPracticeHost: (options: { dir: string; env?: Readonly<Record<string, string>> }) => Promise<PracticeHost>
  startPracticePostgres: (options: { dir: string; settings?: readonly string[]; signal?: AbortSignal }) => Promise<PracticePostgres>
}>
