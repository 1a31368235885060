/**
 * What hosts, targets and servers must not share - their names, and the keys of hosts - claimed before they are registered, and given back when they are not
 * registered after all, or retired. Whoever claims is known before he exists, so a command that is run again claims again what it has.
 */
import type { EventLog } from '../event-log.ts'
import type { RunContext } from './operator-command.ts'

/** Each is a registry of its own. */
export type Kind = 'hosts' | 'targets' | 'host-keys' | 'servers'

export type Claims = Readonly<{
  /** Who else holds it; the first first. */
  othersWith: (kind: Kind, name: string) => Promise<readonly string[]>
  /** @throws CommandRefused `name-taken`. */
  claim: (kind: Kind, name: string, options?: Readonly<{ shared?: boolean }>) => Promise<void>
  /** Gives back everything of these kinds, except `keep`. */
  release: (kinds: readonly Kind[], options?: Readonly<{ keep?: string }>) => Promise<void>
}>

export function createClaims(log: EventLog, { handle, handlePart, now }: RunContext, holder: string): Claims {
  const registryOf = async (kind: Kind) => (await log.states.registry(kind)).state
  return {
    async othersWith(kind, name) {
      return ((await registryOf(kind)).get(name) ?? []).filter((each) => each !== holder)
    },
    async claim(kind, name, { shared = false } = {}) {
      const data = { name, holder, ...(shared ? { shared } : {}), now }
      await handle({ aggregate: 'registry', id: kind, command: { type: 'ClaimName', data } })
    },
    async release(kinds, { keep } = {}) {
      for (const kind of kinds) {
        for (const [name, holders] of await registryOf(kind)) {
          if (name === keep || !holders.includes(holder)) continue
          const command = { type: 'ReleaseName', data: { name, holder, now } } as const
          await handlePart(`release ${name}`, { aggregate: 'registry', id: kind, command })
        }
      }
    },
  }
}
