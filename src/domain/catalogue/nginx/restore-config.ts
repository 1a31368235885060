/**
 * nginx refuses its configuration: put the last good contents back, and reload. Until then the old workers serve on, but the next start would be
 * an outage. Contents come from the baseline kept on the host; nothing is ever composed.
 */
import { z } from 'zod'
import type { Action, Probe } from '../action.ts'
import { checkContents, keptFiles, leftByContents, previewOf, putContents } from '../common/contents.ts'
import { parseParams, SETTLED_AFTER_SECONDS } from '../common/params.ts'
import { mayPut } from '../common/rights.ts'
import { count, lines } from '../common/text-facts.ts'
import { absolutePath } from '../inventory.ts'
import { mayReload, nginxBinary, reload } from './reload.ts'

const params = z.strictObject({
  binary: nginxBinary.default('nginx'),
  configPath: absolutePath,
  pidFile: absolutePath.default('/run/nginx.pid'),
  stateDir: absolutePath,
  files: keptFiles,
})

type Params = z.infer<typeof params>

type Facts = Readonly<{
  accepted: boolean
  masterAlive: boolean
  files: readonly Readonly<{ path: string; kept: boolean; same: boolean; ageSeconds: number }>[]
}>

const configState = {
  run: ({ binary, configPath, pidFile, stateDir, files }) => ({
    kind: 'script',
    script: 'nginx/read-config-state.sh',
    args: [binary, configPath, pidFile, stateDir, ...files.flatMap((file) => [file.sha256, file.path])],
  }),
  read(output, { files }) {
    const [first, ...rest] = lines(output) ?? []
    const now = count(first, 'now')
    const test = first?.get('test')
    const master = first?.get('master')
    if (now === undefined || (test !== 'ok' && test !== 'failed') || master === undefined || master === 'unknown') return undefined
    if (rest.length !== files.length) return undefined
    return {
      accepted: test === 'ok',
      masterAlive: master === 'alive',
      files: files.map(({ path }, index) => ({
        path,
        kept: rest[index]?.get('kept') === 'yes',
        same: rest[index]?.get('same') === 'yes',
        ageSeconds: Math.max(0, now - (count(rest[index], 'modified') ?? 0)),
      })),
    }
  },
} satisfies Omit<Probe<Params, Facts>, 'holds'>

const changed = (facts: Facts) => facts.files.filter(({ same }) => !same)

export const restoreConfig: Action<Params, Facts> = {
  id: 'nginx.restore-config',
  version: 1,
  service: 'nginx',
  title: 'Put the last good nginx configuration back, and reload',
  reversibility: 'reversible',
  privilege: 'fixer',
  parse: parseParams('nginx.restore-config', params),
  risk: (_params, facts) => (changed(facts).some(({ ageSeconds }) => ageSeconds < SETTLED_AFTER_SECONDS) ? 'high' : 'medium'),
  resources: ({ files }) => ['service:nginx', ...files.map(({ path }) => `file:${path}` as const)],
  precondition: {
    ...configState,
    holds: (facts) => !facts.accepted && facts.masterAlive && changed(facts).length > 0 && changed(facts).every(({ kept }) => kept),
  },
  dryRun: ({ stateDir, files }) => checkContents(stateDir, files),
  rights: (params) => [mayPut(params.files), mayReload(params)],
  preview: ({ stateDir, files }) => files.map((file) => previewOf(stateDir, file)),
  snapshot: ({ files }) => files.map(({ path }) => ({ kind: 'file', path })),
  steps: (params, _facts, where) => [
    { say: 'put the last good contents back', run: putContents(params.stateDir, params.files, where) },
    reload(params),
  ],
  leaves: ({ files }) => leftByContents(files),
  // The earlier files do not load, and the workers still run on what they had before: a reload would only be refused again.
  afterRestore: () => [],
  postcondition: { ...configState, holds: (facts) => facts.accepted && facts.masterAlive && changed(facts).length === 0 },
  timeoutMs: 30_000,
}
