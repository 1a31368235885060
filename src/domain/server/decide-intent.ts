/** What people may want of a server, and what follows from it at once. */
import { accept, type Decision, refuse, unreachable } from '../decider.ts'
import { elapsedMs } from '../instant.ts'
import type { IntentCommand } from './commands.ts'
import { changedFields } from './config-diff.ts'
import type { ServerEvent } from './events.ts'
import { mayBecome, nextStates, type ServerState } from './lifecycle.ts'
import type { RegisteredServer, Server } from './state.ts'

export function decideIntent(server: Server, command: IntentCommand): Decision<ServerEvent> {
  if (command.type === 'RegisterServer') {
    const { now, ...registration } = command.data
    return server.situation === 'absent'
      ? accept({ type: 'ServerRegistered', data: { ...registration, at: now } })
      : refuse('server-already-registered')
  }
  if (server.situation === 'absent') return refuse('server-not-registered', { situation: 'absent' })
  const { serverId } = server
  if (command.type === 'FenceStep') {
    const { executionId, step, now } = command.data
    return accept({ type: 'ServerStepFenced', data: { serverId, executionId, step, at: now } })
  }
  const { by, reason, now } = command.data
  const said = { serverId, by, reason, at: now }
  if (command.type === 'RestoreServer') {
    if (server.situation === 'registered') return accept()
    const { retentionMs } = command.data
    if (elapsedMs(server.retiredAt, now) > retentionMs) return refuse('server-retention-over', { retiredAt: server.retiredAt, retentionMs })
    return accept({ type: 'ServerRestored', data: said })
  }
  if (server.situation === 'retired') return refuse('server-not-registered', { situation: 'retired' })
  switch (command.type) {
    case 'ChangeServerConfig': {
      const { config } = command.data
      const changed = changedFields(server.config, config)
      return changed.length === 0 ? accept() : accept({ type: 'ServerConfigChanged', data: { ...said, config, changed } })
    }
    case 'EnableServer': {
      if (server.enabled) return accept()
      const enabled = { type: 'ServerEnabled', data: said } as const
      const { start = server.config.autoStart } = command.data
      return start ? accept<ServerEvent>(enabled, { type: 'ServerStartRequested', data: said }) : accept(enabled)
    }
    case 'DisableServer':
      return server.enabled ? accept({ type: 'ServerDisabled', data: { ...said, because: command.data.because ?? 'operator' } }) : accept()
    case 'RequestServerStart':
      if (!server.enabled) return disabled(server)
      if (server.state === 'maintenance') return refuseTransition(server, 'starting', 'leave maintenance first')
      if (server.desired === 'running' && server.state !== 'error') return accept()
      return accept({ type: 'ServerStartRequested', data: said })
    case 'RequestServerStop':
      return server.desired === 'stopped' ? accept() : accept({ type: 'ServerStopRequested', data: said })
    case 'RequestServerRestart':
      if (!server.enabled) return disabled(server)
      if (server.state === 'maintenance') return refuseTransition(server, 'starting', 'leave maintenance first')
      return accept({ type: 'ServerRestartRequested', data: said })
    case 'EnterMaintenance':
      if (server.state === 'maintenance') return accept()
      return mayBecome(server.state, 'maintenance')
        ? accept({ type: 'MaintenanceEntered', data: said })
        : refuseTransition(server, 'maintenance', 'wait until it has started or stopped')
    case 'LeaveMaintenance':
      return server.state === 'maintenance' ? accept({ type: 'MaintenanceLeft', data: said }) : accept()
    case 'ApproveExecutable': {
      const { argvHash } = command.data
      if (server.approvedArgv.has(argvHash)) return accept()
      const approved = { type: 'ExecutableApproved', data: { ...said, argvHash } } as const
      const waited = server.enabled && server.desired === 'running' && server.failure?.reason === 'executable-forbidden'
      return waited ? accept<ServerEvent>(approved, { type: 'ServerStartRequested', data: said }) : accept(approved)
    }
    case 'RevokeExecutable': {
      const { argvHash } = command.data
      if (!server.approvedArgv.has(argvHash)) return accept()
      const revoked = { type: 'ExecutableApprovalRevoked', data: { ...said, argvHash } } as const
      // What may run by it ends, whatever was configured since: a start by it is refused, and the server waits for an approval as it did before.
      const runs = (server.state === 'running' || server.state === 'starting') && server.run?.approvedArgv.has(argvHash)
      return runs ? accept<ServerEvent>(revoked, { type: 'ServerRestartRequested', data: said }) : accept(revoked)
    }
    case 'RetireServer':
      if (server.builtIn) return refuse('built-in-server', { name: server.name })
      return accept({ type: 'ServerRetired', data: said })
    default:
      return unreachable(command)
  }
}

const disabled = ({ disabledBecause }: RegisteredServer) => refuse('server-disabled', { because: disabledBecause ?? 'not enabled yet' })

/** With what would be allowed, so that the caller need not guess. */
export const refuseTransition = ({ state }: RegisteredServer, to: ServerState, hint: string) =>
  refuse('invalid-transition', { state, wanted: to, allowed: nextStates[state].join(', '), hint })
