/** This machine as a host that was reached: programs run here, and a service that refuses is told as the adapter tells it. */
import pg from 'pg'
import { ErrorReply } from 'redis'
import type { Reached } from '../../src/commands/effects/reach.ts'
import type { TargetInventory } from '../../src/domain/catalogue/inventory.ts'
import { instant } from '../../src/domain/instant.ts'
import { ServiceRefused } from '../../src/domain/ports/remote-host.ts'
import type { BaselineEntry } from '../../src/domain/target/events.ts'
import { BehavedHost, hostKey } from '../commands/support/behaved-host.ts'
import type { LocalRunner } from './local-runner.ts'

const by = { by: 'test', at: instant('2026-11-21T10:00:00.000Z') }

export const localReached = (
  runner: LocalRunner,
  inventory: TargetInventory,
  baseline: ReadonlyMap<string, BaselineEntry> = new Map(),
): Reached => ({
  target: {
    situation: 'registered',
    registration: { ...inventory, mode: 'act', ...by },
    mode: 'act',
    paused: false,
    frozen: undefined,
    unseen: undefined,
    baseline,
    limits: {},
  },
  host: {
    hostId: inventory.hostId,
    name: 'here',
    username: 'steward',
    hostKey,
  },
  remote: new BehavedHost().remote,
  async execute(program) {
    try {
      return await runner.run(program)
    } catch (error) {
      if (error instanceof ErrorReply) throw new ServiceRefused({ code: error.message.split(' ')[0] ?? '', says: error.message })
      if (error instanceof pg.DatabaseError) throw new ServiceRefused({ code: error.code ?? '', says: error.message })
      throw error
    }
  },
})
