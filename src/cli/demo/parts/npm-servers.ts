/** Three MCP servers, as they are on npm: registered with an exact version, started, supervised, and each called through Steward. */
import type { FleetServer } from '../fleet.ts'
import type { CallAnswer } from '../mcp-client.ts'
import { Findings, type FleetPart } from '../part.ts'

export const npmServers: FleetPart = {
  name: '6',
  title: 'Three MCP servers from npm, behind one door',
  fault: '3 MCP servers from npm',
  async run({ screen, fleet: openFleet }) {
    const fleet = await openFleet()
    const findings = new Findings(screen)
    let events = 0
    for (const server of fleet.servers) {
      screen.command(server.line)
      const { run, tools } = await fleet.see(server)
      const speaks = `${run?.serverName ?? 'unknown'} ${run?.serverVersion ?? ''}, MCP ${run?.protocolVersion ?? 'unknown'}`
      screen.say(
        `process ${run?.pid ?? '-'} after ${server.startedInMs} ms: ${speaks}, ${tools.offered} tools, limits by ${run?.limitedBy ?? 'nothing'}`,
        '     ',
      )
      events += await fleet.countEvents(server, '0')
    }
    screen.say('A client speaks MCP with each of them at /mcp/{server}, with an API key')
    const { everything, files, memory, note } = fleet
    const sum = await told(screen, everything, 'get-sum', { a: 40, b: 2 })
    findings.expect(says(sum, '42'), 'everything.get-sum knows what 40 + 2 is')
    const read = await told(screen, files, 'read_text_file', { path: note.path })
    findings.expect(says(read, note.text), 'files.read_text_file gives what is in the file')
    const entities = [{ name: 'order-4711', entityType: 'order', observations: [note.text] }]
    await told(screen, memory, 'create_entities', { entities })
    findings.expect(
      says(await memory.call('search_nodes', { query: 'apples' }), 'order-4711'),
      'memory.search_nodes finds what memory.create_entities was told',
    )
    return { says: findings.problems.length === 0 ? 'tools called' : 'failed', events, problems: findings.problems }
  },
}

async function told(
  { say }: Readonly<{ say: (text: string, label?: string) => void }>,
  server: FleetServer,
  tool: string,
  args: Readonly<Record<string, unknown>>,
) {
  const answer = await server.call(tool, args)
  say(`${server.name}.${tool}: ${answer.kind === 'result' ? oneLine(answer.text) : answer.says}`, '     ')
  return answer
}

const says = (answer: CallAnswer, words: string): boolean => answer.kind === 'result' && !answer.isError && answer.text.includes(words)

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').slice(0, 120)
