/**
 * A server is killed with -9. Steward sees it by its end, not by the next look; what the server had started goes with it, another run takes its
 * place, and the client notices nothing but a pause: the session that it has goes on.
 */
import { Findings, type FleetPart } from '../part.ts'
import { until } from '../waiting.ts'

export const killedServer: FleetPart = {
  name: '7',
  title: 'An MCP server killed with -9',
  fault: 'MCP server killed',
  async run({ screen, fleet: openFleet, signal }) {
    const fleet = await openFleet()
    const { everything } = fleet
    const { run: before } = await fleet.see(everything)
    const pid = before?.pid
    if (pid == null) throw new Error(`${everything.name} shows no process`)
    const position = await fleet.lastPosition(everything)
    const { sessionId } = everything.client

    const killedAtMs = Date.now()
    process.kill(pid, 'SIGKILL')
    screen.say(`kill -9 ${pid}: npx is gone, and the server that it started has lost its parent`, '   ! ')
    const failed = await fleet.untilRecorded(everything, 'ServerFailed', position)
    const detectedAfterMs = Math.max(0, Date.parse(failed.recordedAt) - killedAtMs)
    screen.say(`seen after ${detectedAfterMs} ms: ServerFailed (${String(failed.data['reason'])})`, '     ')
    const answer = await screen.during('calling a tool, in the session from before', () =>
      everything.call('echo', { message: 'still there?' }),
    )
    const answeredAfterMs = Date.now() - killedAtMs
    const running = await fleet.untilRecorded(everything, 'ServerRunning', failed.position)
    const fixedAfterMs = Math.max(0, Date.parse(running.recordedAt) - killedAtMs)
    const { run: after, starts } = await fleet.see(everything, running.position)
    screen.say(
      `runs again after ${fixedAfterMs} ms, as process ${after?.pid ?? '-'}; the client had its answer after ${answeredAfterMs} ms`,
      '     ',
    )

    const findings = new Findings(screen)
    findings.expect(
      after?.pid !== pid && after?.runId !== before?.runId,
      `another run took its place: start ${starts}`,
      'the same run is shown',
    )
    findings.expect(
      answer.kind === 'result' && answer.text.includes('still there?') && everything.client.sessionId === sessionId,
      'the call succeeded in the same session: the client did not connect again',
      `the call in the old session failed: ${answer.kind === 'refused' ? answer.says : answer.text}`,
    )
    const isGone = await until('the end of all that the killed run had started', () => (groupIsGone(pid) ? true : undefined), {
      signal,
      withinMs: 5_000,
    }).catch(() => false)
    findings.expect(isGone, 'no process of the killed run is left', `processes of the group ${pid} are still there`)
    return {
      ...{ detectedAfterMs, fixedAfterMs, says: findings.problems.length === 0 ? 'restarted' : 'failed', problems: findings.problems },
      events: await fleet.countEvents(everything, position),
    }
  },
}

/** Every run has a process group of its own, named after its first process. */
function groupIsGone(pid: number): boolean {
  try {
    process.kill(-pid, 0)
    return false
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH'
  }
}
