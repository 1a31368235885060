/**
 * A typed remedy. Everything here is pure: it says what to run and how to read the answer; it never runs anything.
 * A rule or a model may choose an action; parameters come from probes and the inventory, words from nobody.
 */
import type { JsonObject } from '../ports/json.ts'
import type { Output, Program } from './program.ts'
import type { Right } from './right.ts'

export type Action<Params extends JsonObject, Facts extends JsonObject> = Readonly<{
  id: ActionId
  version: number
  service: Service
  /** Shown before approval: what it does, in one sentence. */
  title: string
  reversibility: Reversibility
  /** Which rights the host account needs. */
  privilege: 'observer' | 'fixer'
  /** Reads untrusted input; throws an error that names the field and the rule. */
  parse: (input: unknown) => Params
  /** Computed from the parameters and what the host says now, never taken from a model. */
  risk: (params: Params, facts: Facts) => Risk
  /** Whether it relaxes a limit beyond its recorded baseline: then at most once in 24 h on a target, besides being of high risk. Default: no. */
  beyondBaseline?: (params: Params, facts: Facts) => boolean
  /** Everything that must not change under our hands: held from the snapshot to the end of verification or rollback. */
  resources: (params: Params) => readonly Resource[]
  /** Proves the fault. No proof, no action. */
  precondition: Probe<Params, Facts>
  /** What the service itself says of the state it would load; nothing is changed. Exit code 0 permits. */
  dryRun?: (params: Params, facts: Facts) => Program
  /** What the account must be allowed to do for the steps, as far as that can be proven before. Without it the plan is not offered. */
  rights?: (params: Params, facts: Facts) => readonly Right[]
  /** Prints, without changing anything, what each file would hold afterwards, so that a person sees the difference first. */
  preview?: (params: Params, facts: Facts) => readonly Preview[]
  /** The same of settings that are texts of their own. */
  previewSettings?: (params: Params, facts: Facts) => readonly SettingPreview[]
  snapshot: (params: Params, facts: Facts) => readonly SnapshotItem[]
  /** `where` tells where a path really lay when the plan was made: what is written goes there, or nowhere. */
  steps: (params: Params, facts: Facts, where: Where) => readonly Step[]
  /** How files and settings stand after the steps, besides the contents that `preview` prints. Default: as before. */
  leaves?: (params: Params, facts: Facts) => Leaves
  /** After the snapshot has been restored: what makes the service take it up again. */
  afterRestore: (params: Params) => readonly Step[]
  /** Proves the cure; must hold in every probe of the stabilisation window. */
  postcondition: Probe<Params, Facts>
  timeoutMs: number
}>

export type ActionId = `${string}.${string}`
/** What runs on a host that is reached over SSH. */
export const hostServices = ['nginx', 'postgresql', 'redis', 'odoo'] as const
/** `server`: a managed MCP server. Its host is its supervisor. */
export const services = [...hostServices, 'server'] as const
export type HostService = (typeof hostServices)[number]
export type Service = (typeof services)[number]
export type Reversibility = 'reversible' | 'compensable' | 'irreversible'
/** Rising. */
export const risks = ['low', 'medium', 'high'] as const
export type Risk = (typeof risks)[number]
export type Resource = `service:${string}` | `unit:${string}` | `file:${string}` | `filesystem:${string}` | `server:${string}`
export type Where = (path: string) => string
export type Step = Readonly<{ say: string; run: Program }>
/** `content` prints the new content of `path` on standard output; `sha256` its hash, computed on the host over every byte of it. */
export type Preview = Readonly<{ path: string; content: Program; sha256: Program }>
/** A setting that is a text of its own, and known by its hash: each program prints it. */
export type SettingPreview = Readonly<{ setting: string; now: HashedText; next: HashedText }>
export type HashedText = Readonly<{ sha256: string; print: Program }>

export type Leaves = Readonly<{ files?: readonly LeftFile[]; settings?: Readonly<Record<string, string>> }>
/** `onlyIfMissing`: a file that was there keeps the mode and owner that it had. */
export type LeftFile = Readonly<{ path: string; mode: string; uid: number; gid: number; onlyIfMissing?: true }>

export type SnapshotItem =
  /** Content, mode, owner, extended attributes and link target, kept on the host. */
  | Readonly<{ kind: 'file'; path: string }>
  /** A runtime setting: how to read it, and how to write a value that was read. Both idempotent. */
  | Readonly<{
      kind: 'setting'
      name: string
      read: Program
      value: (output: Output) => string | undefined
      write: (value: string) => Program
    }>

export type Probe<Params, Facts> = Readonly<{
  run: (params: Params) => Program
  /** Facts, or undefined when the output proves nothing: then the fault is *unknown*, not absent. */
  read: (output: Output, params: Params) => Facts | undefined
  holds: (facts: Facts, params: Params) => boolean
}>
