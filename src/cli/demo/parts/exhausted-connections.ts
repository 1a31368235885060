/** Every connection slot is taken by clients that do nothing; new ones are refused. Some idle sessions are ended, and the shop can sell again. */
import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { countFromNow, expectFixed, outcomeOf } from '../judge.ts'
import { Findings, type Part } from '../part.ts'
import { MAX_SESSIONS_ENDED } from '../policy.ts'
import { APP_ROLE, MAX_CONNECTIONS, RESERVED_CONNECTIONS, type Shop } from '../shop.ts'
import { tellStory } from '../story.ts'

const SLOTS = MAX_CONNECTIONS - RESERVED_CONNECTIONS
/** Longer than the policy wants a session to be idle before it may be ended. */
const IDLE_MS = 1_500

export const exhaustedConnections: Part = {
  name: '1',
  title: 'Connections exhausted',
  fault: 'connections used up',
  async run(stage) {
    const { screen, shop, target, signal, stack } = stage
    const actions = await countFromNow(stage)
    const clients: pg.Client[] = []
    const ended = new Set<pg.Client>()
    stack.defer(async () => {
      await Promise.all(clients.map((client) => client.end().catch(() => undefined)))
    })
    const connect = async (): Promise<void> => {
      const client = await shop.connect(APP_ROLE)
      client.on('error', () => ended.add(client))
      clients.push(client)
    }
    // One slot is left open until the others have been idle for long enough to be ended: a pool does not leak in a second.
    const free = SLOTS - Number((await shop.query(USED))[0]?.['used'])
    await screen.during(`${free} clients of the shop connect, and do nothing`, async () => {
      for (let n = 1; n < free; n++) await connect()
      await delay(IDLE_MS, undefined, { signal })
    })
    const since = new Date()
    await connect()
    const refusal = await refusalOf(shop)
    screen.say(`The next client is refused: ${refusal ?? 'no, it was let in'}`)

    const told = await tellStory({ ...stage, targetId: target.id, faultId: 'postgresql.connections-exhausted', since })
    const findings = new Findings(screen)
    expectFixed(findings, told)
    findings.expect(refusal !== undefined, 'before, a client of the shop was refused')
    const now = await refusalOf(shop)
    findings.expect(now === undefined, 'now a client of the shop is let in', `a client of the shop is still refused: ${now}`)
    findings.expect(
      ended.size > 0 && ended.size <= MAX_SESSIONS_ENDED,
      `${ended.size} idle sessions were ended, as agreed: at most ${MAX_SESSIONS_ENDED}`,
      `${ended.size} sessions were ended, and ${MAX_SESSIONS_ENDED} were agreed at most`,
    )
    return outcomeOf(told, await actions(), findings)
  },
}

const USED = `select count(*)::int as used from pg_stat_activity where backend_type = 'client backend'`

/** What the server says to one more client of the shop; undefined when it lets it in. */
async function refusalOf(shop: Shop): Promise<string | undefined> {
  try {
    await (await shop.connect(APP_ROLE)).end()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
