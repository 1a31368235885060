/** The rules of an API key: created once, revoked for good. */
import { accept, type Decider, type Decision, refuse, unreachable } from '../decider.ts'
import type { Instant } from '../instant.ts'
import type { ApiKey, KeyEvent } from './events.ts'

export type Key = Readonly<{ situation: 'absent' }> | Readonly<{ situation: 'valid' | 'revoked'; key: ApiKey }>

export type KeyCommand =
  | Readonly<{ type: 'CreateApiKey'; data: ApiKey }>
  | Readonly<{ type: 'RevokeApiKey'; data: Readonly<{ by: string; reason: string; now: Instant }> }>

export const key: Decider<Key, KeyCommand, KeyEvent> = { initialState: { situation: 'absent' }, evolve, decide }

function evolve(state: Key, event: KeyEvent): Key {
  switch (event.type) {
    case 'ApiKeyCreated':
      return state.situation === 'absent' ? { situation: 'valid', key: event.data } : state
    case 'ApiKeyRevoked':
      return state.situation === 'valid' ? { ...state, situation: 'revoked' } : state
    default:
      return unreachable(event)
  }
}

function decide(state: Key, command: KeyCommand): Decision<KeyEvent> {
  switch (command.type) {
    case 'CreateApiKey': {
      if (state.situation !== 'absent') return refuse('key-already-exists')
      const { at, expiresAt } = command.data
      if (expiresAt !== undefined && expiresAt <= at) return refuse('key-expires-in-the-past', { expiresAt })
      return accept({ type: 'ApiKeyCreated', data: command.data })
    }
    case 'RevokeApiKey': {
      if (state.situation === 'absent') return refuse('key-not-found')
      const { by, reason, now } = command.data
      return state.situation === 'revoked'
        ? accept()
        : accept({ type: 'ApiKeyRevoked', data: { keyId: state.key.keyId, by, reason, at: now } })
    }
    default:
      return unreachable(command)
  }
}
