/** The rights on a host that several actions need: to write a file, to change a mode, to start a service. Proven by small scripts that only look. */
import type { ServiceControl } from '../inventory.ts'
import { deniedByScript, type Right } from '../right.ts'
import type { WayPoint } from './access.ts'
import type { KeptFile } from './contents.ts'
import { controlWords, unitOf } from './service-steps.ts'

/** To put kept contents back, beside the file or into it. */
export const mayPut = (files: readonly KeptFile[]): Right => ({
  to: `write ${files.map(({ path }) => path).join(', ')}`,
  give: 'let the account write the file (an access control list will do: setfacl -m u:{user}:rw FILE), or use its owner or root',
  run: {
    kind: 'script',
    script: 'common/check-files.sh',
    args: ['in-place', ...files.flatMap(({ path, uid, sha256 }) => [path, String(uid), sha256])],
  },
  isMissing: deniedByScript,
})

/** To change a file that is there, by way of a copy beside it that can be tried first. */
export const mayEdit = (path: string): Right => ({
  to: `write ${path} and a copy beside it`,
  give: 'let the account write the file and its directory (setfacl -m u:{user}:rwx DIRECTORY, setfacl -m u:{user}:rw FILE), or use root',
  run: { kind: 'script', script: 'common/check-files.sh', args: ['beside', path, '0', '-'] },
  isMissing: deniedByScript,
})

export const mayChangeModes = (points: readonly WayPoint[]): Right => ({
  to: `change the mode and owner of ${points.map(({ path }) => path).join(', ')}`,
  give: 'a mode is changed by the owner, an owner only by root: register the host with an account that is one of them',
  run: {
    kind: 'script',
    script: 'common/check-modes.sh',
    args: points.flatMap(({ path, mode, uid, gid }) => [path, mode, String(uid), String(gid)]),
  },
  isMissing: deniedByScript,
})

export const mayStart = (control: ServiceControl): Right => ({
  to: `start ${unitOf(control)}`,
  give: `let the account execute it (chmod or setfacl on ${unitOf(control)})`,
  run: { kind: 'script', script: 'common/check-service.sh', args: controlWords(control) },
  isMissing: deniedByScript,
})
