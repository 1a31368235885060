/**
 * Somebody mistypes a folder in the configuration of a server. What runs goes on; the next run fails and says why, and undo takes back that one
 * command, after showing what it would do.
 */
import { Findings, type FleetPart } from '../part.ts'
import type { Accepted, ServerPreview } from '../steward-api.ts'

export const brokenServerConfig: FleetPart = {
  name: '8',
  title: 'A configuration that breaks a server, and undo',
  fault: 'MCP server misconfigured',
  async run({ screen, api, fleet: openFleet }) {
    const fleet = await openFleet()
    const { files, note } = fleet
    const path = `/api/v1/servers/${files.id}`
    const { config: good, revision } = await fleet.see(files)
    const position = await fleet.lastPosition(files)

    screen.say('Somebody mistypes the folder of the server of files, and restarts it')
    const args = files.args.map((arg) => (note.path.startsWith(`${arg}/`) ? `${arg}-typo` : arg))
    const change = await api.patch<Accepted>(path, { transport: { args }, reason: 'the new folder' }, { ifMatch: `"${revision}"` })
    const { executable } = await fleet.see(files, change.position)
    // Other arguments are another program: somebody has to say yes, and does so without looking.
    if (executable !== null && executable.verdict === 'needs-approval') {
      await api.post(`${path}/executable/approve`, { argvHash: executable.argvHash, reason: 'the new folder' })
    }
    const since = Date.now()
    await api.post(`${path}/restart`, { reason: 'take in the new folder' })
    const failed = await screen.during('waiting for it to fail', () => fleet.untilRecorded(files, 'ServerFailed', position))
    const detectedAfterMs = Math.max(0, Date.parse(failed.recordedAt) - since)
    const { failure } = await fleet.see(files, failed.position)
    screen.say(`seen after ${detectedAfterMs} ms: ${failure?.says ?? 'no reason given'}`, '     ')
    for (const line of (failure?.stderrTail ?? '')
      .split('\n')
      .filter((each) => each.includes('-typo'))
      .slice(0, 2))
      screen.raw(`     | ${line.trim()}`)

    const undo = `/api/v1/commands/${change.commandId}/undo`
    const preview = await api.post<ServerPreview>(`${undo}?preview=true`, { reason: 'a typo' })
    screen.command(`steward command undo ${change.commandId}`)
    for (const { field, from, to } of preview.changes) screen.say(`${field}: ${JSON.stringify(from)} -> ${JSON.stringify(to)}`, '     ')
    await api.post(undo, { reason: 'a typo' })
    const running = await screen.during('waiting for it to run again', () => fleet.untilRecorded(files, 'ServerRunning', failed.position))
    const fixedAfterMs = Math.max(0, Date.parse(running.recordedAt) - since)

    const findings = new Findings(screen)
    const { config: now, state } = await fleet.see(files, running.position)
    findings.expect(state === 'running', `it runs again, ${fixedAfterMs} ms after the change`, `it is ${state}`)
    findings.expect(
      JSON.stringify(now) === JSON.stringify(good),
      'its configuration is the one from before, field by field',
      'its configuration is another one than before',
    )
    const read = await files.call('read_text_file', { path: note.path })
    findings.expect(read.kind === 'result' && read.text.includes(note.text), 'the file is read again', 'the file is still not read')
    return {
      ...{ detectedAfterMs, fixedAfterMs, says: findings.problems.length === 0 ? 'undone' : 'failed', problems: findings.problems },
      events: await fleet.countEvents(files, position),
    }
  },
}
