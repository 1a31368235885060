/**
 * nginx may not read a file that it is meant to serve: give the file, and the directories down to it, the mode and owner of the baseline back.
 * Anyone can make nginx say "permission denied" by asking for a file that is meant to be closed, so nothing is ever opened beyond the baseline,
 * and what looks like a secret is refused by name.
 */
import { z } from 'zod'
import type { Action } from '../action.ts'
import {
  type Access,
  isLetIn,
  isShutOut,
  parseAccess,
  pointsToRestore,
  readAccess,
  restoreModes,
  riskOfRestoring,
  way,
} from '../common/access.ts'
import { parseParams } from '../common/params.ts'
import { mayChangeModes } from '../common/rights.ts'
import { absolutePath } from '../inventory.ts'

const params = z.strictObject({
  pidFile: absolutePath.default('/run/nginx.pid'),
  /** From the served root down to the file. */
  way: way.refine((points) => points.every(({ path }, index) => index === 0 || !isSecret(path.slice(path.lastIndexOf('/') + 1))), {
    error: 'must not name a dotfile, a key or another secret',
  }),
})

type Params = z.infer<typeof params>

const isSecret = (name: string): boolean =>
  name.startsWith('.') ||
  /\.(?:key|pem|p12|pfx|jks|keystore|kdbx|env|htpasswd|gpg|asc)$/i.test(name) ||
  /^(?:id_(?:rsa|dsa|ecdsa|ed25519)|shadow|passwd)/i.test(name)

const access = {
  run: ({ pidFile, way }: Params) => readAccess({ kind: 'worker', pidFile }, 'read', way),
  read: (output: Parameters<typeof parseAccess>[0], { way }: Params) => parseAccess(output, way, 'read'),
}

export const restorePermission: Action<Params, Access> = {
  id: 'nginx.restore-permission',
  version: 1,
  service: 'nginx',
  title: 'Give a served file, and the directories down to it, their recorded mode and owner back',
  reversibility: 'reversible',
  privilege: 'fixer',
  parse: parseParams('nginx.restore-permission', params),
  risk: ({ way }, facts) => riskOfRestoring(way, facts),
  resources: ({ way }) => ['service:nginx', ...way.map(({ path }) => `file:${path}` as const)],
  precondition: { ...access, holds: isShutOut },
  rights: ({ way }, facts) => [mayChangeModes(pointsToRestore(way, facts))],
  snapshot: ({ way }, facts) => pointsToRestore(way, facts).map(({ path }) => ({ kind: 'file', path })),
  steps: ({ way }, facts) => [
    { say: 'restore the recorded mode and owner, from the top down', run: restoreModes(way[0], pointsToRestore(way, facts)) },
  ],
  leaves: ({ way }, facts) => ({ files: pointsToRestore(way, facts) }),
  afterRestore: () => [],
  postcondition: { ...access, holds: isLetIn },
  timeoutMs: 20_000,
}
