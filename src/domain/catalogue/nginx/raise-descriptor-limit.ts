/** nginx workers run out of file descriptors: raise `worker_rlimit_nofile` to the ceiling of the target's policy, and reload. */
import { z } from 'zod'
import type { Action, Probe } from '../action.ts'
import { parseParams } from '../common/params.ts'
import { mayEdit } from '../common/rights.ts'
import { count, lines } from '../common/text-facts.ts'
import { absolutePath } from '../inventory.ts'
import { mayReload, nginxBinary, reload } from './reload.ts'

const params = z.strictObject({
  binary: nginxBinary.default('nginx'),
  configPath: absolutePath,
  pidFile: absolutePath.default('/run/nginx.pid'),
  limit: z.int().min(64).max(1_048_576).default(4_096),
})

type Params = z.infer<typeof params>

/** The worker that has the most files open. */
type Descriptors = Readonly<{ open: number; softLimit: number; hardLimit: number }>

/** A worker that has used nine tenths of its descriptors is about to refuse clients. */
const FULL = 0.9

const descriptors: Omit<Probe<Params, Descriptors>, 'holds'> = {
  run: ({ pidFile }) => ({ kind: 'script', script: 'nginx/read-descriptors.sh', args: [pidFile] }),
  read(output) {
    const line = lines(output)?.[0]
    const [open, softLimit, hardLimit] = [count(line, 'open'), count(line, 'soft'), count(line, 'hard')]
    if (open === undefined || softLimit === undefined || hardLimit === undefined) return undefined
    return { open, softLimit, hardLimit }
  },
}

const setLimit = (what: 'print' | 'hash' | 'write', { binary, configPath, limit }: Params) =>
  ({ kind: 'script', script: 'nginx/set-directive.sh', args: [what, binary, configPath, 'worker_rlimit_nofile', String(limit)] }) as const

export const raiseDescriptorLimit: Action<Params, Descriptors> = {
  id: 'nginx.raise-descriptor-limit',
  version: 1,
  service: 'nginx',
  title: 'Raise the number of files that each nginx worker may open, and reload',
  reversibility: 'reversible',
  privilege: 'fixer',
  parse: parseParams('nginx.raise-descriptor-limit', params),
  // It relaxes a limit that an outsider can exhaust on purpose: never without a person.
  risk: () => 'high',
  beyondBaseline: () => true,
  resources: ({ configPath }) => ['service:nginx', `file:${configPath}`],
  precondition: { ...descriptors, holds: ({ open, softLimit }, { limit }) => softLimit < limit && open >= FULL * softLimit },
  rights: (params) => [mayEdit(params.configPath), mayReload(params)],
  preview: (params) => [{ path: params.configPath, content: setLimit('print', params), sha256: setLimit('hash', params) }],
  snapshot: ({ configPath }) => [{ kind: 'file', path: configPath }],
  steps: (params, _facts, where) => [
    {
      say: 'write the new limit into a copy, let nginx check it, and put it in place',
      run: setLimit('write', { ...params, configPath: where(params.configPath) }),
    },
    reload(params),
  ],
  afterRestore: (params) => [reload(params)],
  postcondition: { ...descriptors, holds: ({ open, softLimit }, { limit }) => softLimit === limit && open < FULL * limit },
  timeoutMs: 30_000,
}
