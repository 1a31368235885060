/** What is looked at on the host before a target is registered, or acted upon for the first time. What is wrong is refused by the name of the field. */
import { parseFileStates, readFileStates } from '../../domain/catalogue/common/read-file-states.ts'
import { healthProbe } from '../../domain/catalogue/health.ts'
import { DEFAULT_NGINX_PID_FILE, serviceConnection, type TargetInventory } from '../../domain/catalogue/inventory.ts'
import { type LogCursor, type RemoteHost, ServiceRefused } from '../../domain/ports/remote-host.ts'
import { SecretUnavailable } from '../../domain/ports/secrets.ts'
import { CommandRefused } from '../command-refused.ts'
import { logBeginning } from '../detection/log-beginning.ts'
import { onHost } from './host-refusals.ts'

const CHECK_TIMEOUT_MS = 15_000

/** `/var/lib/steward` for root, `~/.steward` for everybody else. */
export async function defaultStateDir(remote: RemoteHost): Promise<string> {
  const asked = await onNewHost(() =>
    remote.execute({ kind: 'exec', argv: ['sh', '-c', 'id -u; printf %s "$HOME"'] }, { timeoutMs: CHECK_TIMEOUT_MS }),
  )
  const [uid, home] = asked.kind === 'text' ? asked.stdout.split('\n') : []
  if (uid === '0') return '/var/lib/steward'
  if (home?.startsWith('/') && home !== '/') return `${home.replace(/\/+$/, '')}/.steward`
  throw new CommandRefused({ rule: 'state-dir-unknown', facts: { field: 'stateDir' } })
}

/** Where no mark can be made no step may run: better known now than when something has to be healed. Observing leaves no marks. */
export async function checkStateDir(
  stateDir: string,
  remote: RemoteHost,
  { field, hostField }: Readonly<{ field: string; hostField?: string }>,
): Promise<void> {
  const script = 'umask 077; mkdir -p -- "$1" && tried=$(mktemp -d -- "$1/registering.XXXXXX") && rmdir -- "$tried"'
  const argv = ['sh', '-c', script, 'sh', stateDir] as const
  const output = await onHost(
    () => remote.execute({ kind: 'exec', argv }, { timeoutMs: CHECK_TIMEOUT_MS }),
    hostField === undefined ? {} : { field: hostField },
  )
  if (output.kind === 'text' && output.exitCode === 0) return
  const says = output.kind === 'text' ? output.stderr.trim() : ''
  throw new CommandRefused({ rule: 'state-dir-unwritable', facts: { field, path: stateDir, says } })
}

export async function checkFiles({ logPaths, configPaths }: TargetInventory, remote: RemoteHost): Promise<void> {
  const named = [
    ...logPaths.map((path, index) => ({ path, field: `logPaths[${index}]` })),
    ...configPaths.map((path, index) => ({ path, field: `configPaths[${index}]` })),
  ]
  if (named.length === 0) return
  const watched = named.map(({ path }) => ({ path, scope: 'one' }) as const)
  const states = parseFileStates(await onNewHost(() => remote.execute(readFileStates(watched), { timeoutMs: CHECK_TIMEOUT_MS })))
  for (const { path, field } of named) {
    const state = states?.files.find((each) => each.path === path)
    const readable = state !== undefined && (await isReadableFile(path, remote))
    const rule = state?.kind === 'missing' ? 'path-missing' : state === undefined || !readable ? 'path-unreadable' : undefined
    if (rule !== undefined) throw new CommandRefused({ rule, facts: { field, path } })
  }
}

/** A directory can be opened too, and would never say a line. */
async function isReadableFile(path: string, remote: RemoteHost): Promise<boolean> {
  const argv = ['sh', '-c', '[ -f "$1" ] && [ -r "$1" ]', 'sh', path] as const
  const output = await onNewHost(() => remote.execute({ kind: 'exec', argv }, { timeoutMs: CHECK_TIMEOUT_MS }))
  return output.kind === 'text' && output.exitCode === 0
}

export async function beginningsOf({ logPaths }: TargetInventory, remote: RemoteHost): Promise<ReadonlyMap<string, LogCursor>> {
  const signal = AbortSignal.timeout(CHECK_TIMEOUT_MS)
  const found = logPaths.map(async (path, index) => {
    const cursor = await logBeginning(remote, path, signal)
    if (cursor) return [path, cursor] as const
    throw new CommandRefused({ rule: 'path-unreadable', facts: { field: `logPaths[${index}]`, path } })
  })
  return new Map(await Promise.all(found))
}

export async function checkService(inventory: TargetInventory, remote: RemoteHost): Promise<void> {
  const probe = healthProbe(inventory)
  if (!probe) return
  const connection = serviceConnection(inventory.connection)
  const options = { timeoutMs: CHECK_TIMEOUT_MS, ...(connection === undefined ? {} : { connection }) }
  try {
    const { level } = probe.read(await onNewHost(() => remote.execute(probe.run, options)))
    if (level === 'down') throw new CommandRefused({ rule: 'service-not-running', facts: { field: 'service', ...lookedAt(inventory) } })
    if (level === 'unknown') throw new CommandRefused({ rule: 'service-unseen', facts: { field: 'connection' } })
  } catch (error) {
    if (error instanceof SecretUnavailable) {
      const facts = { field: 'connection.password', reason: error.rule, says: error.message }
      throw new CommandRefused({ rule: 'secret-unavailable', facts })
    }
    if (!(error instanceof ServiceRefused)) throw error
    throw new CommandRefused({ rule: 'service-refused', facts: { field: 'connection', code: error.code, says: error.message } })
  }
}

/** An nginx that leaves its pid elsewhere is not seen: whoever is refused must know where was looked. */
const lookedAt = ({ service, connection }: TargetInventory): Readonly<Record<string, string>> =>
  service === 'nginx' ? { pidFile: (connection?.kind === 'nginx' ? connection.pidFile : undefined) ?? DEFAULT_NGINX_PID_FILE } : {}

/** The host that the request names. */
const onNewHost = <Answer>(ask: () => Promise<Answer>): Promise<Answer> => onHost(ask, { field: 'hostId' })
