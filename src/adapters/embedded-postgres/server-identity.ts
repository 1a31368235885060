/**
 * As whom the server runs. PostgreSQL refuses to be root, so for root there are two ways, both of which leave the data directory where
 * it is, even below a 0700 home:
 * - a user namespace: to itself the server is an ordinary user, to the kernel the owner of root's files, and without any capability;
 * - another user id, with the one capability that lets it pass through directories that are closed to that user.
 */
import { readFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { runProgram } from './run-program.ts'

export type ServerIdentity = Readonly<{
  /** Put before a command, makes it run as this identity. */
  prefix: readonly string[]
  /** Who must own the cluster; undefined: whoever we are. */
  uid: number | undefined
}>

/** The id without rights by convention; the kernel's own choice for ids that mean nothing here. */
export const NOBODY = 65534

/**
 * `ownerUid` is the owner of an existing cluster: files of an ordinary user stay that user's, also when root starts the server.
 * @throws EmbeddedPostgresError `cannot-run-as-root`
 */
export async function serverIdentity({ ownerUid, avoidUserNamespace = false }: ServerIdentityOptions): Promise<ServerIdentity> {
  if (process.getuid?.() !== 0) return (await isNameless()) ? IN_USER_NAMESPACE : { prefix: [], uid: undefined }
  if ((ownerUid === undefined || ownerUid === 0) && !avoidUserNamespace && (await works(IN_USER_NAMESPACE.prefix))) {
    return { ...IN_USER_NAMESPACE, uid: 0 }
  }
  const uid = ownerUid === undefined || ownerUid === 0 ? NOBODY : ownerUid
  for (const capability of await traversingCapabilities()) {
    const prefix = [
      'setpriv',
      `--reuid=${uid}`,
      `--regid=${uid}`,
      '--clear-groups',
      '--inh-caps=-all,+'.concat(capability),
      `--ambient-caps=+${capability}`,
    ]
    if (await works(prefix)) return { prefix, uid }
  }
  throw new EmbeddedPostgresError({
    rule: 'cannot-run-as-root',
    says:
      'PostgreSQL does not run as root, and here root may neither create a user namespace (unshare -U) nor change its user id (setpriv). ' +
      'Start Steward as an ordinary user, or set STEWARD_DATABASE_URL to a PostgreSQL of your own.',
  })
}

export type ServerIdentityOptions = Readonly<{ ownerUid: number | undefined; avoidUserNamespace?: boolean | undefined }>

const IN_USER_NAMESPACE: ServerIdentity = { prefix: ['unshare', '-U'], uid: undefined }

/** initdb wants the name of its user; containers like to run as ids that have none. In a user namespace such an id is `nobody`. */
async function isNameless(): Promise<boolean> {
  try {
    userInfo()
    return false
  } catch {
    return works(IN_USER_NAMESPACE.prefix)
  }
}

async function works(prefix: readonly string[]): Promise<boolean> {
  const [program, ...args] = prefix
  if (program === undefined) return true
  try {
    return (await runProgram([program, ...args, 'true'])).exitCode === 0
  } catch {
    return false
  }
}

/** Reading and searching is enough; a container's root often has only the larger one. */
async function traversingCapabilities(): Promise<readonly string[]> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '')
  const held = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`)
  return [...(held & CAP_DAC_READ_SEARCH ? ['dac_read_search'] : []), ...(held & CAP_DAC_OVERRIDE ? ['dac_override'] : [])]
}

const CAP_DAC_OVERRIDE = 1n << 1n
const CAP_DAC_READ_SEARCH = 1n << 2n
