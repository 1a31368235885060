import type { Json, JsonObject } from '../ports/json.ts'

/** What runs on a host or against a service. Only the adapter quotes, connects and limits; nothing here is ever a command line. */
export type Program =
  /** An argument vector. */
  | Readonly<{ kind: 'exec'; argv: readonly [string, ...string[]] }>
  /** A small POSIX script of ours, sent on standard input: nothing to install. Arguments arrive as $1, $2, ...; never part of the text. */
  | Readonly<{ kind: 'script'; script: `${string}.sh`; args: readonly string[] }>
  /** A statement with parameters, by the PostgreSQL driver through the tunnel. */
  | Readonly<{ kind: 'sql'; text: string; values: readonly (string | number | boolean)[] }>
  /** A command, by the Redis driver through the tunnel. */
  | Readonly<{ kind: 'redis'; command: readonly [string, ...string[]] }>
  /** A question about a managed server, or a wish: answered from the log and by its supervisor, who alone starts and stops anything. */
  | Readonly<{ kind: 'server'; request: ServerRequest }>

export type ServerRequest =
  /** How it is, asked of the server itself where it runs. `try`: what to start a throw-away instance with, if the supervisor has given it up. */
  | Readonly<{ verb: 'look'; try: readonly ServerTrial[] }>
  /** A configuration of its history, by its hash. */
  | Readonly<{ verb: 'print-configuration'; sha256: string }>
  /** Gives it a configuration of its history, if the one it has is still `from`. */
  | Readonly<{ verb: 'configure'; from: string; to: string }>
  | Readonly<{ verb: 'limit-memory'; bytes: number }>
  /** `running` waits until it runs, or the supervisor gives it up. */
  | Readonly<{ verb: 'want'; intent: ServerIntent }>
export type ServerTrial = 'present' | 'last-good'
export const serverIntents = ['running', 'stopped', 'disabled'] as const
export type ServerIntent = (typeof serverIntents)[number]

/** `exec` and `script` answer with text, `sql` with rows, `redis` with one value. A question to a server answers with one value or with text, a wish with text. `cut`: more was printed than was kept. */
export type Output =
  | Readonly<{ kind: 'text'; exitCode: number; stdout: string; stderr: string; cut?: boolean }>
  | Readonly<{ kind: 'rows'; rows: readonly JsonObject[] }>
  | Readonly<{ kind: 'value'; value: Json }>
