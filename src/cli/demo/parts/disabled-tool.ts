/** A tool is switched off: it leaves the list, a call is refused with the reason, and the other tools of its server go on. */
import { Findings, type FleetPart } from '../part.ts'

export const disabledTool: FleetPart = {
  name: '9',
  title: 'A tool that nobody may call',
  fault: 'tool disabled',
  async run({ screen, api, fleet: openFleet }) {
    const fleet = await openFleet()
    const { memory } = fleet
    const position = await fleet.lastPosition(memory)
    screen.command("steward tool disable memory.delete_entities --reason 'nobody forgets an order'")
    await api.post(`/api/v1/servers/${memory.id}/tools/delete_entities/disable`, { reason: 'nobody forgets an order' })

    const findings = new Findings(screen)
    const refused = await memory.call('delete_entities', { entityNames: ['order-4711'] })
    findings.expect(
      refused.kind === 'refused' && refused.rule === 'tool-disabled',
      `a call is refused: ${refused.kind === 'refused' ? `${refused.rule}: ${refused.says}` : ''}`,
      'the call was not refused',
    )
    const listed = await memory.client.listTools()
    findings.expect(!listed.includes('delete_entities'), `no list shows it: ${listed.length} other tools are there`, 'it is still listed')
    const found = await memory.call('read_graph', {})
    findings.expect(
      found.kind === 'result' && !found.isError,
      'the other tools of the server answer as before',
      'another tool of the server fails',
    )
    return {
      says: findings.problems.length === 0 ? 'refused' : 'failed',
      events: await fleet.countEvents(memory, position),
      problems: findings.problems,
    }
  },
}
