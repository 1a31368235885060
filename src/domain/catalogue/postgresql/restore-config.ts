/**
 * PostgreSQL finds errors in its configuration files: put the last good contents back, and reload. The server runs on with what it has, but the
 * next start would fail. `pg_file_settings` reads the files anew at every look, so it proves both the fault and the cure.
 */
import { z } from 'zod'
import type { Action, Probe, Step } from '../action.ts'
import { checkContents, keptFiles, leftByContents, previewOf, putContents } from '../common/contents.ts'
import { parseParams, SETTLED_AFTER_SECONDS } from '../common/params.ts'
import { mayPut } from '../common/rights.ts'
import { absolutePath } from '../inventory.ts'
import { mayReload } from './rights.ts'
import { row } from './sessions.ts'

const params = z.strictObject({ stateDir: absolutePath, files: keptFiles })
type Params = z.infer<typeof params>

const facts = z.strictObject({
  /** Lines of any configuration file that the server would not take. */
  errors: z.int().min(0),
  /** Those of them in files whose last good content is kept. */
  errorsInKeptFiles: z.int().min(0),
  pendingRestart: z.int().min(0),
  loadedSecondsAgo: z.int(),
})
type Facts = Readonly<z.infer<typeof facts>>

const fileSettings: Omit<Probe<Params, Facts>, 'holds'> = {
  run: ({ files }) => ({
    kind: 'sql',
    text: `select
    count(*) filter (where error is not null)::int as errors,
    count(*) filter (where error is not null and sourcefile in (select jsonb_array_elements_text($1::jsonb)))::int as "errorsInKeptFiles",
    (select count(*)::int from pg_settings where pending_restart) as "pendingRestart",
    floor(extract(epoch from clock_timestamp() - pg_conf_load_time()))::int as "loadedSecondsAgo"
  from pg_file_settings`,
    values: [JSON.stringify(files.map(({ path }) => path))],
  }),
  read: (output) => row(output, facts),
}

const reload: Step = {
  say: 'let PostgreSQL read its configuration again',
  run: { kind: 'sql', text: 'select pg_reload_conf()', values: [] },
}

export const restoreConfig: Action<Params, Facts> = {
  id: 'postgresql.restore-config',
  version: 1,
  service: 'postgresql',
  title: 'Put the last good PostgreSQL configuration back, and reload',
  reversibility: 'reversible',
  privilege: 'fixer',
  parse: parseParams('postgresql.restore-config', params),
  // Who edits a configuration reloads it; a load a moment ago means that somebody may still be working there.
  risk: (_params, { loadedSecondsAgo }) => (loadedSecondsAgo < SETTLED_AFTER_SECONDS ? 'high' : 'medium'),
  resources: ({ files }) => ['service:postgresql', ...files.map(({ path }) => `file:${path}` as const)],
  precondition: { ...fileSettings, holds: ({ errorsInKeptFiles }) => errorsInKeptFiles > 0 },
  dryRun: ({ stateDir, files }) => checkContents(stateDir, files),
  rights: ({ files }) => [mayPut(files), mayReload],
  preview: ({ stateDir, files }) => files.map((file) => previewOf(stateDir, file)),
  snapshot: ({ files }) => files.map(({ path }) => ({ kind: 'file', path })),
  steps: ({ stateDir, files }, _facts, where) => [
    { say: 'put the last good contents back', run: putContents(stateDir, files, where) },
    reload,
  ],
  leaves: ({ files }) => leftByContents(files),
  // The faulty file had been loaded as far as it goes; loading it again brings exactly that back.
  afterRestore: () => [reload],
  postcondition: { ...fileSettings, holds: ({ errors, pendingRestart }) => errors === 0 && pendingRestart === 0 },
  timeoutMs: 30_000,
}
