/** How the tools were used: every call through Steward is recorded, and the figures are compared with what the demo has counted by itself. */
import { Findings, type FleetPart } from '../part.ts'
import type { Usage } from '../steward-api.ts'
import { until } from '../waiting.ts'

const CALLS = 100

export const toolUsage: FleetPart = {
  name: '10',
  title: 'Who called what, how often, and how fast',
  fault: 'usage of the tools',
  async run({ screen, api, fleet: openFleet, signal }) {
    const fleet = await openFleet()
    const { everything, servers } = fleet
    const began = performance.now()
    await screen.during(`${CALLS} more calls`, async () => {
      for (let n = 0; n < CALLS; n++) await everything.call('echo', { message: `order ${n}` })
    })
    screen.say(`${CALLS} calls, one after the other, in ${Math.round(performance.now() - began)} ms`, '     ')
    const total = (of: 'answered' | 'refused'): number => servers.reduce((sum, { seen }) => sum + seen[of], 0)
    const all = (usage: Usage): boolean => usage.calls >= total('answered') && usage.refused >= total('refused')
    // Written in batches, a moment later.
    const usage = await screen.during('waiting until the last batch is written', () =>
      until(
        'the figures of all calls',
        async () => {
          const seen = await api.get<Usage>('/api/v1/analytics', { period: '1h' })
          return all(seen) ? seen : undefined
        },
        { signal, withinMs: 15_000 },
      ),
    )
    for (const { name, calls, errors, refused, p50Ms, p95Ms, uptime } of usage.byServer) {
      const up = uptime === null ? '' : `, up ${(uptime * 100).toFixed(1)} %`
      screen.raw(
        `     ${name.padEnd(12)} ${String(calls).padStart(4)} calls, ${errors} failed, ${refused} refused, P50 ${ms(p50Ms)}, P95 ${ms(p95Ms)}${up}`,
      )
    }
    const [top] = usage.topTools
    screen.say(`most used: ${top === undefined ? 'none' : `${top.server ?? ''}.${top.tool}, ${top.calls} calls`}`, '     ')

    const findings = new Findings(screen)
    const wrong = servers.filter(({ id, seen }) => {
      const own = usage.byServer.find(({ serverId }) => serverId === id)
      return own?.calls !== seen.answered || own.refused !== seen.refused
    })
    findings.expect(
      wrong.length === 0,
      `every call is in the figures: ${total('answered')} answered and ${total('refused')} refused, as the demo has counted`,
      `other figures than the demo has counted: ${wrong.map(({ name, seen }) => `${name} ${seen.answered} answered, ${seen.refused} refused`).join('; ')}`,
    )
    findings.expect(usage.recording.lostCalls === 0, 'no call was lost', `${usage.recording.lostCalls} calls are missing`)
    return { says: findings.problems.length === 0 ? 'all counted' : 'not equal', problems: findings.problems }
  },
}

const ms = (value: number | null): string => (value === null ? '-' : `${value.toFixed(1)} ms`)
