/**
 * Tool calls in figures. Counted in plain numbers as they end, since a caller may be waiting, and handed over when somebody looks. Names of tools come
 * from servers, so each server has so many of its own and one for the rest.
 */
import type { Metrics } from '../../domain/ports/metrics.ts'
import { type CallOutcome, isError, reachedServer, type ToolCall } from '../../domain/usage/call.ts'
import { OTHER_TOOLS } from './usage-batch.ts'

const MOST_TOOLS = 50
const LONGEST_LABEL = 64

export type CallFigures = Readonly<{
  count: (call: ToolCall) => void
  /** Adds to the metrics what was counted since the last time. Before each scrape. */
  flush: () => void
}>

/** `nameOf`: the name that an operator gave the server; undefined when it is registered no more. */
export function createCallFigures({
  metrics,
  nameOf,
}: Readonly<{ metrics: Metrics; nameOf: (serverId: string) => string | undefined }>): CallFigures {
  const tallies = new Map<string, Tally>()

  const tallyOf = (serverId: string, server: string): Tally => {
    const known = tallies.get(serverId)
    if (known) return known
    const made: Tally = { server, outcomes: new Map(), tools: new Map(), requestBytes: 0, responseBytes: 0 }
    tallies.set(serverId, made)
    return made
  }

  function flushServer(tally: Tally): void {
    const { server } = tally
    for (const [outcome, calls] of tally.outcomes) if (calls > 0) metrics.count('steward_server_calls_total', { server, outcome }, calls)
    tally.outcomes.clear()
    if (tally.requestBytes > 0) metrics.count('steward_server_call_bytes_total', { server, direction: 'request' }, tally.requestBytes)
    if (tally.responseBytes > 0) metrics.count('steward_server_call_bytes_total', { server, direction: 'response' }, tally.responseBytes)
    tally.requestBytes = 0
    tally.responseBytes = 0
    // The names stay: a tool keeps the label that it has.
    for (const [tool, counted] of tally.tools) {
      if (counted.calls > 0) metrics.count('steward_tool_calls_total', { server, tool }, counted.calls)
      if (counted.errors > 0) metrics.count('steward_tool_call_errors_total', { server, tool }, counted.errors)
      counted.calls = 0
      counted.errors = 0
    }
  }

  return {
    count({ serverId, tool, outcome, durationMs, requestBytes, responseBytes }) {
      const server = nameOf(serverId)
      if (server === undefined) return
      const tally = tallyOf(serverId, server)
      tally.outcomes.set(outcome, (tally.outcomes.get(outcome) ?? 0) + 1)
      // What never got to the server says nothing about it, and its tool may be one that nobody has.
      if (!reachedServer(outcome)) return
      metrics.observe('steward_server_call_seconds', durationMs / 1_000, { server })
      tally.requestBytes += requestBytes
      tally.responseBytes += responseBytes
      const counted = countedOf(tally, tool)
      counted.calls += 1
      if (isError(outcome)) counted.errors += 1
    },
    flush() {
      for (const [serverId, tally] of tallies) {
        flushServer(tally)
        // Servers come and go for as long as Steward runs.
        if (nameOf(serverId) === undefined) tallies.delete(serverId)
      }
    },
  }
}

type Counted = { calls: number; errors: number }
type Tally = {
  readonly server: string
  readonly outcomes: Map<CallOutcome, number>
  readonly tools: Map<string, Counted>
  requestBytes: number
  responseBytes: number
}

function countedOf({ tools }: Tally, tool: string): Counted {
  const isOwn = tools.has(tool) || (tools.size < MOST_TOOLS && tool.length <= LONGEST_LABEL)
  const label = isOwn ? tool : OTHER_TOOLS
  const known = tools.get(label)
  if (known) return known
  const made: Counted = { calls: 0, errors: 0 }
  tools.set(label, made)
  return made
}
