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
      return server.config.autoStart ? accept<ServerEvent>(enabled, { type: 'ServerStartRequested', data: said }) : accept(enabled)
    }
    case 'DisableServer':
      return server.enabled ? accept({ type: 'ServerDisabled', data: { ...said, because: 'operator' } }) : accept()
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
      return server.approvedArgv.has(argvHash) ? accept() : accept({ type: 'ExecutableApproved', data: { ...said, argvHash } })
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
