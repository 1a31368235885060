/**
 * What a few commands do on this machine instead of asking the API: run the service, look at what it would run on. All of it needs adapters, which
 * only the entry may import; it hands them in as this, and loads each only when it is asked for.
 */
import type { LoadedConfig } from '../config.ts'
import type { DemoTools } from './demo/tools.ts'

export type LocalServices = Readonly<{
  startService: (loaded: LoadedConfig, options: { logStream?: LogStream }) => Promise<RunningService>
  demoTools: () => Promise<DemoTools>
  /** Ids of every action there is, for the check of a policy. */
  knownActions: () => Promise<readonly string[]>
  /** Of the directory, or of the faults that come with Steward. */
  checkFaults: (directory?: string) => Promise<FaultsReport>
  /**
   * Starts the bundled PostgreSQL over the data that is there - or, where there is none yet, in a directory of its own - asks it, and stops it again:
   * proof that it can run here.
   */
  tryEmbeddedDatabase: (options: { dataDir: string; namespace: string }, signal: AbortSignal) => Promise<DatabaseFacts>
  askDatabase: (options: { url: string; namespace: string }, signal: AbortSignal) => Promise<DatabaseFacts>
  /** @throws when it does not answer in time. */
  askEventStore: (
    options: { url: string; namespace: string; allowInsecure: boolean },
    signal: AbortSignal,
  ) => Promise<Readonly<{ head: bigint | undefined }>>
}>

export type LogStream = Readonly<{ write(line: string): void }>

export type RunningService = Readonly<{
  url: string
  firstKey: Readonly<{ key: string; file: string }> | undefined
  done: Promise<void>
  stop: () => Promise<void>
}>

export type FaultsReport = Readonly<{
  directory: string
  faults: readonly Readonly<{ id: string; service: string; title: string }>[]
  problems: readonly Readonly<{ file: string; line: number; field: string; rule: string }>[]
}>

export type DatabaseFacts = Readonly<{
  version: string
  encoding: string
  /** Migrations that were made here and that this program does not know: the schema is of a newer one. */
  unknownMigrations: readonly string[]
}>
