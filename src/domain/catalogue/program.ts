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

/** `exec` and `script` answer with text, `sql` with rows, `redis` with one value. `cut`: more was printed than was kept. */
export type Output =
  | Readonly<{ kind: 'text'; exitCode: number; stdout: string; stderr: string; cut?: boolean }>
  | Readonly<{ kind: 'rows'; rows: readonly JsonObject[] }>
  | Readonly<{ kind: 'value'; value: Json }>
