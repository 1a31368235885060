/** `steward tool call`: a tool called from the shell, as a client would call it. What it answers is text from outside. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { callTool, type ToolResult } from '../client/mcp-call.ts'
import { type Define, wholeNumber } from '../define.ts'
import { type ExitCode, exitCode, usageError } from '../exit-code.ts'
import { jsonText } from '../screen/json-text.ts'
import type { Page } from '../screen/page.ts'
import type { Session } from '../session.ts'

export function defineToolCall(tool: Command, { run }: Define): void {
  tool
    .command('call <tool> [argument...]')
    .summary('call a tool')
    .description(
      'Calls a tool as a client would, with the same rules, and shows what it answers. An argument is name=value, its value JSON or text. It is recorded like any call. Exit code 1 when the tool says that it failed.',
    )
    .option('--args <json>', 'all arguments as a JSON object, or @FILE')
    .option('--timeout <ms>', 'wait no longer; the time-out of the server holds as well', wholeNumber(1, 3_600_000))
    .addHelpText(
      'after',
      `
Examples:
  steward tool call files.read_text_file path=/srv/files/notes.txt head=10
  steward tool call files.search_files --args '{"path":"/srv/files","pattern":"*.md"}' --json`,
    )
    .action(run(call))
}

async function call(
  session: Session,
  given: string,
  pairs: readonly string[],
  flags: Readonly<{ args?: string; timeout?: number }>,
): Promise<ExitCode> {
  const { out, context, signal } = session
  const { server, tool } = partsOf(given)
  const args = { ...(flags.args === undefined ? {} : await readArguments(flags.args, context.cwd)), ...argumentsOf(pairs) }
  const { url, key, warnings } = await session.credentials()
  for (const warning of warnings) out.note(`warning: ${warning}`, 'warn')
  const onProgress = (says: string): void => {
    if (!out.json) out.note(says, 'dim')
  }
  const result = await callTool({ url, key, server, tool, args, version: context.version, signal, timeoutMs: flags.timeout, onProgress })
  out.show(result.raw, (page) => drawResult(page, result))
  return result.isError ? exitCode.failure : exitCode.ok
}

/** `server.tool`. Names of servers hold no dot, names of tools may. */
export function partsOf(given: string): Readonly<{ server: string; tool: string }> {
  const at = given.indexOf('.')
  if (at < 1 || at === given.length - 1) throw usageError('a tool is named server.tool, as `steward tool list` shows it')
  return { server: given.slice(0, at), tool: given.slice(at + 1) }
}

function argumentsOf(pairs: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1) throw usageError(`an argument must be name=value, not ${JSON.stringify(pair)}`)
      const value = pair.slice(at + 1)
      return [pair.slice(0, at), tryJson(value) ?? value]
    }),
  )
}

async function readArguments(given: string, cwd: string): Promise<object> {
  const text = given.startsWith('@')
    ? await readFile(resolve(cwd, given.slice(1)), 'utf8').catch(() => {
        throw usageError(`--args: ${resolve(cwd, given.slice(1))} cannot be read`)
      })
    : given
  const value = tryJson(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw usageError('--args: must be a JSON object')
  return value
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function drawResult(page: Page, { content, structuredContent, isError }: ToolResult): void {
  // The answer may be Steward's own, about the arguments; what tells them apart a server could write as well.
  if (isError) page.heading('The call failed', 'bad')
  for (const part of content) {
    if (part['type'] === 'text' && typeof part['text'] === 'string') page.block(part['text'])
    else page.item('', { text: `(${describe(part)}; --json has it)`, tone: 'dim' })
  }
  if (content.length === 0) page.block(structuredContent === undefined ? '(nothing)' : jsonText(structuredContent))
}

function describe({ type, mimeType, data, uri, resource }: Readonly<Record<string, unknown>>): string {
  const inner = typeof resource === 'object' && resource !== null && 'uri' in resource ? resource.uri : uri
  const words = [type, mimeType, inner].filter((each) => typeof each === 'string')
  return [...words, ...(typeof data === 'string' ? [`${Math.floor((data.length * 3) / 4)} bytes`] : [])].join(', ')
}
