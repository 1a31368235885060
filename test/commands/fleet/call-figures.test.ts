import { expect, test } from 'vitest'
import { createMetrics } from '../../../src/adapters/metrics/prometheus-metrics.ts'
import { createCallFigures } from '../../../src/commands/fleet/call-figures.ts'
import type { ToolCall } from '../../../src/domain/usage/call.ts'

const call = (changes: Partial<ToolCall> = {}): ToolCall => ({
  ...{ serverId: 'id-1', tool: 'read', principal: 'mira', sessionId: undefined, conversation: undefined, startedAtMs: 0, durationMs: 20 },
  ...{ outcome: 'ok', rule: undefined, requestBytes: 10, responseBytes: 100, arguments: {} },
  ...changes,
})

async function linesAfter(calls: readonly ToolCall[]): Promise<readonly string[]> {
  using metrics = createMetrics({ version: 'test' })
  const figures = createCallFigures({ metrics, nameOf: (serverId) => (serverId === 'id-1' ? 'files' : undefined) })
  for (const each of calls) {
    figures.count(each)
    figures.flush()
  }
  figures.flush()
  return (await metrics.render()).split('\n').filter((line) => /^steward_(?:server_call|tool_call)/.test(line))
}

test('calls, errors, time and bytes are counted once, under the name of the server', async () => {
  const lines = await linesAfter([
    call(),
    call({ outcome: 'timed-out', durationMs: 5_000 }),
    call({ outcome: 'cancelled' }),
    call({ serverId: 'gone' }),
  ])
  expect(lines).toEqual(
    expect.arrayContaining([
      'steward_server_calls_total{server="files",outcome="ok"} 1',
      'steward_server_calls_total{server="files",outcome="timed-out"} 1',
      'steward_server_call_seconds_count{server="files"} 3',
      'steward_server_call_bytes_total{server="files",direction="response"} 300',
      'steward_tool_calls_total{server="files",tool="read"} 3',
      'steward_tool_call_errors_total{server="files",tool="read"} 1',
    ]),
  )
  expect(lines.join()).not.toContain('gone')
})

test('a call that never got to the server is counted by its outcome only', async () => {
  const lines = await linesAfter([call({ outcome: 'refused', tool: 'nobody-has-this' })])
  expect(lines).toContain('steward_server_calls_total{server="files",outcome="refused"} 1')
  expect(lines.join()).not.toContain('nobody-has-this')
})

test('a server has at most fifty labels of its own, and one for the rest', async () => {
  const lines = await linesAfter(Array.from({ length: 120 }, (_, index) => call({ tool: `tool-${index}` })))
  const tools = lines.filter((line) => line.startsWith('steward_tool_calls_total'))
  expect(tools).toHaveLength(51)
  expect(tools).toContain('steward_tool_calls_total{server="files",tool="(others)"} 70')
})

test('of a server that is no more, nothing is kept', async () => {
  using metrics = createMetrics({ version: 'test' })
  const servers = new Map([['id-1', 'files']])
  const asked: string[] = []
  const figures = createCallFigures({
    metrics,
    nameOf(serverId) {
      asked.push(serverId)
      return servers.get(serverId)
    },
  })
  figures.count(call())
  servers.clear()
  figures.flush()
  expect(await metrics.render()).toContain('steward_server_calls_total{server="files",outcome="ok"} 1')
  asked.length = 0
  figures.flush()
  expect(asked).toEqual([])
})
