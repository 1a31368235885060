/**
 * Redis cannot write its snapshot because its directory is closed to it: give the directory the recorded mode and owner back, and let Redis save.
 * Never by switching off `stop-writes-on-bgsave-error`: that hides the fault and loses data.
 */
import { z } from 'zod'
import type { Action, Probe } from '../action.ts'
import { type Access, isShutOut, parseAccess, readAccess, restoreModes, riskOfRestoring, wayPoint } from '../common/access.ts'
import { parseParams } from '../common/params.ts'
import { mayChangeModes } from '../common/rights.ts'
import { absolutePath } from '../inventory.ts'
import type { Output } from '../program.ts'
import { parseInfo, readInfo } from './info.ts'
import { maySave } from './rights.ts'

const params = z.strictObject({
  directory: wayPoint,
  /** Without one, Redis is taken to run as the recorded owner of its directory. */
  pidFile: absolutePath.optional(),
})

/** JSON has no undefined: empty stands for none. */
type Params = Readonly<{ directory: z.infer<typeof wayPoint>; pidFile: string }>

type Facts = Access & Readonly<{ saved: boolean }>

/** Longest wait for a small snapshot; a larger one is *unknown* while it runs, and asked again. */
const SAVE_WAIT_MS = 1_500
/** No Redis has that many replicas, so waiting for them always takes the whole time. */
const MORE_REPLICAS_THAN_EXIST = '1000000'

const closed: Omit<Probe<Params, Facts>, 'holds'> = {
  run: ({ directory, pidFile }) =>
    readAccess(pidFile === '' ? { kind: 'account', uid: directory.uid, gid: directory.gid } : { kind: 'process', pidFile }, 'write', [
      directory,
    ]),
  read(output, { directory }) {
    const access = parseAccess(output, [directory], 'write')
    return access && { ...access, saved: false }
  },
}

/** Redis can only save when the directory lets it, so its own word on the save proves more than the mode bits. */
const saved = (output: Output): Facts | undefined => {
  const info = parseInfo(output)
  const status = info?.get('rdb_last_bgsave_status')
  if (status === undefined || info?.get('rdb_bgsave_in_progress') !== '0') return undefined
  const nothing = {
    granted: false,
    grantedByBaseline: false,
    place: 'unseen',
    deviating: [],
    obstacles: [],
    youngestChangeSeconds: 0,
  } as const
  return { ...nothing, saved: status === 'ok' }
}

export const restoreDirectoryMode: Action<Params, Facts> = {
  id: 'redis.restore-directory-mode',
  version: 1,
  service: 'redis',
  title: 'Give the directory of the snapshots its recorded mode and owner back, and save',
  reversibility: 'reversible',
  privilege: 'fixer',
  parse(input) {
    const { directory, pidFile = '' } = parseParams('redis.restore-directory-mode', params)(input)
    return { directory, pidFile }
  },
  risk: ({ directory }, facts) => riskOfRestoring([directory], facts),
  resources: ({ directory }) => ['service:redis', `file:${directory.path}`],
  precondition: { ...closed, holds: isShutOut },
  rights: ({ directory }) => [mayChangeModes([directory]), ...maySave],
  snapshot: ({ directory }) => [{ kind: 'file', path: directory.path }],
  steps: ({ directory }) => [
    { say: 'restore the recorded mode and owner', run: restoreModes(directory, [directory]) },
    // SCHEDULE: a save that is already under way is no error, another follows it.
    { say: 'let Redis save', run: { kind: 'redis', command: ['BGSAVE', 'SCHEDULE'] } },
    { say: 'wait for the save', run: { kind: 'redis', command: ['WAIT', MORE_REPLICAS_THAN_EXIST, String(SAVE_WAIT_MS)] } },
  ],
  leaves: ({ directory }) => ({ files: [directory] }),
  afterRestore: () => [],
  postcondition: { run: () => readInfo, read: saved, holds: ({ saved }) => saved },
  timeoutMs: 30_000,
}
