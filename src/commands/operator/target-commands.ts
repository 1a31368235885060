/** Registering and steering targets. What cannot be read or reached is refused at registration, by the name of the field. */

import type { Service } from '../../domain/catalogue/action.ts'
import { parseFileStates, readFileStates } from '../../domain/catalogue/common/read-file-states.ts'
import { healthProbe } from '../../domain/catalogue/health.ts'
import {
  DEFAULT_NGINX_PID_FILE,
  fitsService,
  type ServiceSettings,
  serviceConnection,
  type TargetInventory,
} from '../../domain/catalogue/inventory.ts'
import type { LogCursors } from '../../domain/ports/cursors.ts'
import { HostUnreachable, type LogCursor, type RemoteHost, type RemoteHosts, ServiceRefused } from '../../domain/ports/remote-host.ts'
import type { Mode } from '../../domain/target/events.ts'
import { CommandRefused } from '../command-refused.ts'
import { logBeginning } from '../detection/log-beginning.ts'
import type { EffectHandler } from '../effect-runner.ts'
import { type OperatorCommand, type OperatorTools, operatorCommand, simpleCommand } from './operator-command.ts'

type RegisterTarget = Readonly<{
  name: string
  hostId: string
  service: Service
  logPaths: readonly string[]
  configPaths: readonly string[]
  connection?: ServiceSettings
  stateDir?: string
  mode: Mode
}>
type OnTarget = Readonly<{ id: string }>
type WithReason = OnTarget & Readonly<{ reason: string }>

export type TargetCommands = Readonly<{
  registerTarget: OperatorCommand<RegisterTarget>
  changeTargetMode: OperatorCommand<OnTarget & { mode: Mode }>
  pauseTarget: OperatorCommand<WithReason>
  resumeTarget: OperatorCommand<OnTarget>
  unfreezeTarget: OperatorCommand<WithReason>
  retireTarget: OperatorCommand<WithReason>
  acceptDrift: OperatorCommand<WithReason>
}>

const NAMES = 'targets'
const CHECK_TIMEOUT_MS = 15_000

export function createTargetCommands(
  tools: OperatorTools,
  { hosts, survey, cursors }: { hosts: RemoteHosts; survey: EffectHandler<'survey'>; cursors: LogCursors },
): TargetCommands {
  const withReason = ({ id, reason }: WithReason) => ({ id, reason })
  return {
    registerTarget: operatorCommand<RegisterTarget>(tools, {
      name: 'targets.register',
      subject: ({ name }) => name,
      body: ({ name, hostId, service, logPaths, configPaths, connection, stateDir, mode }) => ({
        name,
        hostId,
        service,
        logPaths,
        configPaths,
        mode,
        ...(stateDir === undefined ? {} : { stateDir }),
        ...(connection === undefined ? {} : { connection: { ...connection } }),
      }),
      async run(input, { newId: targetId, meta, now, handle }) {
        const { name, hostId, service, logPaths, configPaths, connection, mode } = input
        const { state: machine } = await tools.log.states.host(hostId)
        if (machine.situation !== 'registered')
          throw new CommandRefused({ rule: 'host-not-registered', facts: { field: 'hostId', situation: machine.situation } })
        if (!fitsService(service, connection)) {
          throw new CommandRefused({ rule: 'connection-for-another-service', facts: { field: 'connection.kind', service } })
        }
        const remote = hosts.open(machine.registration)
        const stateDir = input.stateDir ?? (await defaultStateDir(remote))
        const settings = connection === undefined ? {} : { connection }
        const inventory: TargetInventory = { targetId, name, hostId, service, logPaths, configPaths, stateDir, ...settings }
        await checkFiles(inventory, remote)
        await checkService(inventory, remote)
        if (mode !== 'observe') await checkStateDir(stateDir, remote)
        const beginnings = await beginningsOf(inventory, remote)
        await handle({ aggregate: 'registry', id: NAMES, command: { type: 'ClaimName', data: { name, holder: targetId, now } } })
        for (const [path, cursor] of beginnings) await cursors.save(targetId, path, cursor)
        const data = { ...inventory, mode, by: meta.owner, at: now }
        const handled = await handle({ aggregate: 'target', id: targetId, command: { type: 'RegisterTarget', data } })
        return { id: targetId, handled }
      },
      read: () => ({}),
    }),

    changeTargetMode: simpleCommand(
      tools,
      'targets.change-mode',
      ({ id, mode }, { meta, now }) => ({
        aggregate: 'target',
        id,
        command: { type: 'ChangeTargetMode', data: { mode, by: meta.owner, now } },
      }),
      ({ id, mode }) => ({ id, mode }),
    ),
    pauseTarget: simpleCommand(
      tools,
      'targets.pause',
      ({ id, reason }, { meta, now }) => ({
        aggregate: 'target',
        id,
        command: { type: 'PauseTarget', data: { by: meta.owner, reason, now } },
      }),
      withReason,
    ),
    resumeTarget: simpleCommand(tools, 'targets.resume', ({ id }, { meta, now }) => ({
      aggregate: 'target',
      id,
      command: { type: 'ResumeTarget', data: { by: meta.owner, now } },
    })),
    unfreezeTarget: simpleCommand(
      tools,
      'targets.unfreeze',
      ({ id, reason }, { meta, now }) => ({
        aggregate: 'target',
        id,
        command: { type: 'UnfreezeTarget', data: { by: meta.owner, reason, now } },
      }),
      withReason,
    ),

    retireTarget: operatorCommand<WithReason>(tools, {
      name: 'targets.retire',
      subject: ({ id }) => id,
      body: withReason,
      async run({ id, reason }, { meta, now, handle, handleExpected }) {
        const { state } = await tools.log.states.target(id)
        const retire = { type: 'RetireTarget', data: { by: meta.owner, reason, now } } as const
        const handled = await handleExpected({ aggregate: 'target', id, command: retire })
        if (state.situation === 'registered') {
          const { name } = state.registration
          await handle({ aggregate: 'registry', id: NAMES, command: { type: 'ReleaseName', data: { name, holder: id, now } } })
        }
        return { id, handled }
      },
      read: () => ({}),
    }),

    acceptDrift: operatorCommand<WithReason>(tools, {
      name: 'targets.accept-drift',
      subject: ({ id }) => id,
      body: withReason,
      async run({ id }, { meta, newId, now, handle }) {
        const cause = { actor: meta.actor, correlationId: meta.correlationId, causationId: meta.commandId }
        const seen = await survey({ targetId: id }, { effectId: newId, requestedAt: now, signal: AbortSignal.timeout(60_000), cause })
        if (seen.kind === 'unseen') throw new CommandRefused({ rule: 'target-unseen', facts: { reason: seen.reason } })
        const data = { entries: seen.baseline, limits: seen.limits, reason: 'accepted-drift', at: now } as const
        return { id, handled: await handle({ aggregate: 'target', id, command: { type: 'RecordBaseline', data } }) }
      },
      read: () => ({}),
    }),
  }
}

/** `/var/lib/steward` for root, `~/.steward` for everybody else. */
async function defaultStateDir(remote: RemoteHost): Promise<string> {
  const asked = await onHost(() =>
    remote.execute({ kind: 'exec', argv: ['sh', '-c', 'id -u; printf %s "$HOME"'] }, { timeoutMs: CHECK_TIMEOUT_MS }),
  )
  const [uid, home] = asked.kind === 'text' ? asked.stdout.split('\n') : []
  if (uid === '0') return '/var/lib/steward'
  if (home?.startsWith('/') && home !== '/') return `${home.replace(/\/+$/, '')}/.steward`
  throw new CommandRefused({ rule: 'state-dir-unknown', facts: { field: 'stateDir' } })
}

/** Where no mark can be made no step may run: better known now than when something has to be healed. Observing leaves no marks. */
async function checkStateDir(stateDir: string, remote: RemoteHost): Promise<void> {
  const script = 'umask 077; mkdir -p -- "$1" && tried=$(mktemp -d -- "$1/registering.XXXXXX") && rmdir -- "$tried"'
  const argv = ['sh', '-c', script, 'sh', stateDir] as const
  const output = await onHost(() => remote.execute({ kind: 'exec', argv }, { timeoutMs: CHECK_TIMEOUT_MS }))
  if (output.kind === 'text' && output.exitCode === 0) return
  const says = output.kind === 'text' ? output.stderr.trim() : ''
  throw new CommandRefused({ rule: 'state-dir-unwritable', facts: { field: 'stateDir', path: stateDir, says } })
}

async function checkFiles({ logPaths, configPaths }: TargetInventory, remote: RemoteHost): Promise<void> {
  const named = [
    ...logPaths.map((path, index) => ({ path, field: `logPaths[${index}]` })),
    ...configPaths.map((path, index) => ({ path, field: `configPaths[${index}]` })),
  ]
  if (named.length === 0) return
  const watched = named.map(({ path }) => ({ path, scope: 'one' }) as const)
  const states = parseFileStates(await onHost(() => remote.execute(readFileStates(watched), { timeoutMs: CHECK_TIMEOUT_MS })))
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
  const output = await onHost(() => remote.execute({ kind: 'exec', argv }, { timeoutMs: CHECK_TIMEOUT_MS }))
  return output.kind === 'text' && output.exitCode === 0
}

async function beginningsOf({ logPaths }: TargetInventory, remote: RemoteHost): Promise<ReadonlyMap<string, LogCursor>> {
  const signal = AbortSignal.timeout(CHECK_TIMEOUT_MS)
  const found = logPaths.map(async (path, index) => {
    const cursor = await logBeginning(remote, path, signal)
    if (cursor) return [path, cursor] as const
    throw new CommandRefused({ rule: 'path-unreadable', facts: { field: `logPaths[${index}]`, path } })
  })
  return new Map(await Promise.all(found))
}

async function checkService(inventory: TargetInventory, remote: RemoteHost): Promise<void> {
  const probe = healthProbe(inventory)
  if (!probe) return
  const connection = serviceConnection(inventory.connection)
  const options = { timeoutMs: CHECK_TIMEOUT_MS, ...(connection === undefined ? {} : { connection }) }
  try {
    const { level } = probe.read(await onHost(() => remote.execute(probe.run, options)))
    if (level === 'down') throw new CommandRefused({ rule: 'service-not-running', facts: { field: 'service', ...lookedAt(inventory) } })
    if (level === 'unknown') throw new CommandRefused({ rule: 'service-unseen', facts: { field: 'connection' } })
  } catch (error) {
    if (!(error instanceof ServiceRefused)) throw error
    throw new CommandRefused({ rule: 'service-refused', facts: { field: 'connection', code: error.code, says: error.message } })
  }
}

/** An nginx that leaves its pid elsewhere is not seen: whoever is refused must know where was looked. */
const lookedAt = ({ service, connection }: TargetInventory): Readonly<Record<string, string>> =>
  service === 'nginx' ? { pidFile: (connection?.kind === 'nginx' ? connection.pidFile : undefined) ?? DEFAULT_NGINX_PID_FILE } : {}

async function onHost<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof HostUnreachable)) throw error
    throw new CommandRefused({ rule: 'host-unreachable', facts: { field: 'hostId', reason: error.rule, says: error.message } })
  }
}
