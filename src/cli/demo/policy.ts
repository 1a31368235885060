/** The policy of the demo, as a person would write it for this shop. */
import { APP_ROLE } from './shop.ts'

/** What was agreed on ending sessions. */
export const MAX_SESSIONS_ENDED = 6

export const demoPolicy = `# What Steward may do in this demo. Every target waits for a person, except the cache, which is in mode act.
window: 1s
actionsPerHostPerHour: 30
sessions:
  users: [${APP_ROLE}]
  states: [idle]
  minIdle: 1s
  max: ${MAX_SESSIONS_ENDED}
auto:
  - { action: redis.raise-maxmemory, target: shop-cache, maxRisk: medium }
`
