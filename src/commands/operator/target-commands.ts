/** Registering and steering targets. What cannot be read or reached is refused at registration, by the name of the field. */

import type { Service } from '../../domain/catalogue/action.ts'
import { fitsService, type ServiceSettings, type TargetInventory } from '../../domain/catalogue/inventory.ts'
import type { LogCursors } from '../../domain/ports/cursors.ts'
import type { ExpectedRevision } from '../../domain/ports/event-store.ts'
import type { RemoteHost, RemoteHosts } from '../../domain/ports/remote-host.ts'
import type { Mode } from '../../domain/target/events.ts'
import { CommandRefused } from '../command-refused.ts'
import type { EffectHandler } from '../effect-runner.ts'
import { createClaims } from './claims.ts'
import { type OperatorCommand, type OperatorTools, operatorCommand, type RunContext, simpleCommand } from './operator-command.ts'
import { beginningsOf, checkFiles, checkService, checkStateDir, defaultStateDir } from './target-checks.ts'

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
      async run(input, context) {
        const { newId: targetId, meta, now, handle, handlePart } = context
        const { state } = await tools.log.states.target(targetId)
        // Run again after a crash: it is registered, and what has happened to it since is no reason to say otherwise.
        if (state.situation === 'registered') {
          const command = { type: 'RegisterTarget', data: state.registration } as const
          return { id: targetId, handled: await handle({ aggregate: 'target', id: targetId, command }) }
        }
        const { name, hostId, service, logPaths, configPaths, connection, mode } = input
        const claims = createClaims(tools.log, context, targetId)
        try {
          const remote = await openHost(hostId, { field: 'hostId' })
          if (!fitsService(service, connection)) {
            throw new CommandRefused({ rule: 'connection-for-another-service', facts: { field: 'connection.kind', service } })
          }
          const stateDir = input.stateDir ?? (await defaultStateDir(remote))
          const settings = connection === undefined ? {} : { connection }
          const inventory: TargetInventory = { targetId, name, hostId, service, logPaths, configPaths, stateDir, ...settings }
          await checkFiles(inventory, remote)
          await checkService(inventory, remote)
          if (mode !== 'observe') await checkStateDir(stateDir, remote, { field: 'stateDir', hostField: 'hostId' })
          const beginnings = await beginningsOf(inventory, remote)
          await claims.claim('targets', name)
          await handle({ aggregate: 'host', id: hostId, command: { type: 'PlaceTarget', data: { targetId, name, now } } })
          for (const [path, cursor] of beginnings) await cursors.save(targetId, path, cursor)
          const data = { ...inventory, mode, by: meta.owner, at: now }
          const handled = await handle({ aggregate: 'target', id: targetId, command: { type: 'RegisterTarget', data } })
          return { id: targetId, handled }
        } catch (error) {
          if (error instanceof CommandRefused) {
            await claims.release(['targets'])
            await takeOff(hostId, targetId, { handlePart, now })
          }
          throw error
        }
      },
      read: () => ({}),
    }),

    changeTargetMode: operatorCommand<OnTarget & { mode: Mode }>(tools, {
      name: 'targets.change-mode',
      subject: ({ id }) => id,
      body: ({ id, mode }) => ({ id, mode }),
      async run({ id, mode }, { meta, now, handleExpected }) {
        const { state } = await tools.log.states.target(id)
        // While it was only observed nobody asked whether marks and snapshots can be kept there.
        const isOnHost = state.situation === 'registered' && state.registration.service !== 'server'
        if (isOnHost && state.mode === 'observe' && mode !== 'observe') {
          const { hostId, stateDir } = state.registration
          await checkStateDir(stateDir, await openHost(hostId), { field: 'mode' })
        }
        const command = { type: 'ChangeTargetMode', data: { mode, by: meta.owner, now } } as const
        return { id, handled: await handleExpected({ aggregate: 'target', id, command }) }
      },
      read: () => ({}),
    }),
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
      async run({ id, reason }, context) {
        const { meta, now, handle, handlePart } = context
        const { state, expected } = await tools.log.states.target(id)
        if (state.situation === 'registered') {
          const { hostId, service } = state.registration
          if (service === 'server') throw new CommandRefused({ rule: 'target-of-a-server', facts: { serverId: hostId } })
          const { state: lanes } = await tools.log.states.lanes(hostId)
          if (!lanes.left.has(id)) requireSeen(meta.expectedRevision, expected)
          // First out of the lanes: from here on no fix begins on it, and nothing that happens to it meanwhile may leave it half retired.
          await handle({ aggregate: 'lanes', id: hostId, command: { type: 'LeaveLanes', data: { hostId, targetId: id, now } } })
        }
        const retire = { type: 'RetireTarget', data: { by: meta.owner, reason, now } } as const
        const handled = await handle({ aggregate: 'target', id, command: retire })
        await createClaims(tools.log, context, id).release(['targets'])
        if (state.situation !== 'absent') await takeOff(state.registration.hostId, id, { handlePart, now })
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

  async function openHost(hostId: string, { field }: Readonly<{ field?: string }> = {}): Promise<RemoteHost> {
    const { state } = await tools.log.states.host(hostId)
    if (state.situation === 'registered') return hosts.open(state.registration)
    const blamed = field === undefined ? {} : { field }
    throw new CommandRefused({ rule: 'host-not-registered', facts: { ...blamed, situation: state.situation } })
  }

  async function takeOff(hostId: string, targetId: string, { handlePart, now }: Pick<RunContext, 'handlePart' | 'now'>): Promise<void> {
    const { state } = await tools.log.states.host(hostId)
    if (state.situation !== 'registered') return
    await handlePart('take off', { aggregate: 'host', id: hostId, command: { type: 'TakeTargetOff', data: { targetId, now } } })
  }
}

/** What is decided in several streams is held to the revision that the caller saw before the first of them. */
function requireSeen(seen: bigint | undefined, expected: ExpectedRevision): void {
  if (seen === undefined || seen === expected) return
  throw new CommandRefused({ rule: 'concurrency-conflict', facts: { expected: String(seen), actual: String(expected) } })
}
