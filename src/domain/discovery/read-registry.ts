/**
 * One page of an MCP registry (API v0.1), as the servers that could be run from it: npm packages in their exact version, and addresses of Streamable
 * HTTP. What a person would be asked for has to be given as a reference. Whatever else a registry offers is said, and not taken.
 */
import type { Json, JsonObject } from '../ports/json.ts'
import type { Secret } from '../ports/secrets.ts'
import { isObject } from './entry-reader.ts'
import type { FileFindings, Remark } from './found.ts'
import { parseJsonc } from './jsonc.ts'
import { readServer } from './read-client-file.ts'

/** `path`: the address of the list. */
export type RegistryPage = Readonly<{ path: string; text: Secret }>

export function readRegistry({ path, text }: RegistryPage, taken: Set<string>): FileFindings {
  const nothing: FileFindings = { servers: [], problems: [], notes: [] }
  const parsed = parseJsonc(text.reveal())
  if (parsed.kind === 'broken') {
    const { line, column, rule, says } = parsed.problem
    return { ...nothing, problems: [{ field: `line ${line}, column ${column}`, rule, says }] }
  }
  const listed = isObject(parsed.value) ? list(parsed.value['servers']) : []
  const notes: Remark[] = []
  const servers = listed.flatMap((each) => {
    const entry = isObject(each) && isObject(each['server']) ? each['server'] : undefined
    const name = entry?.['name']
    if (entry === undefined || typeof name !== 'string') return []
    const body = bodyOf(entry)
    if (body === undefined) {
      notes.push({ field: name.toWellFormed(), rule: 'not-taken', says: 'offers neither an npm package nor an address of Streamable HTTP' })
      return []
    }
    return [readServer({ path, format: 'registry', entry: name.toWellFormed() }, body, taken)]
  })
  return { servers, problems: [], notes: notes.slice(0, 50) }
}

/** In the words of a client's configuration, so that one reader takes secrets out and judges the rest. */
function bodyOf(entry: JsonObject): JsonObject | undefined {
  const about = typeof entry['description'] === 'string' ? { description: entry['description'] } : {}
  const pack = list(entry['packages']).find((each): each is JsonObject => isObject(each) && isRunnable(each))
  if (pack) {
    const values = list(pack['packageArguments']).flatMap((each) => (isObject(each) ? argumentsOf(each) : []))
    const args = ['-y', `${text(pack, 'identifier')}@${text(pack, 'version')}`, ...values]
    return { ...about, command: 'npx', args, env: inputs(list(pack['environmentVariables'])) }
  }
  const remote = list(entry['remotes']).find((each): each is JsonObject => isObject(each) && text(each, 'type') === 'streamable-http')
  return remote && { ...about, type: 'http', url: text(remote, 'url'), headers: inputs(list(remote['headers'])) }
}

const isRunnable = (pack: JsonObject): boolean => {
  const { transport } = pack
  const isStdio = transport === undefined || (isObject(transport) && text(transport, 'type') === 'stdio')
  return text(pack, 'registryType') === 'npm' && isStdio && text(pack, 'identifier') !== ''
}

/** What is neither fixed nor asked for in any case is left to the program. */
function inputs(all: readonly Json[]): JsonObject {
  const given = all.flatMap((each) => {
    const value = isObject(each) ? valueFor(each, text(each, 'name')) : undefined
    return isObject(each) && value !== undefined ? [[text(each, 'name'), value] as const] : []
  })
  return Object.fromEntries(given)
}

function argumentsOf(argument: JsonObject): readonly string[] {
  const name = text(argument, 'name')
  const value = valueFor(argument, text(argument, 'valueHint') || name || 'argument')
  const isNamed = text(argument, 'type') === 'named' && name !== ''
  if (value === undefined) return isNamed && argument['isRequired'] === true ? [name] : []
  return isNamed ? [name, value] : [value]
}

/** As the editor's question where a person has to answer it. */
function valueFor(input: JsonObject, name: string): string | undefined {
  const fixed = text(input, 'value') || text(input, 'default')
  if (fixed !== '' && !/\{[\w.-]+\}/.test(fixed)) return fixed
  return input['isRequired'] === true || fixed !== '' ? `\${input:${name.replace(/[^\w.-]/g, '-').slice(0, 100) || 'value'}}` : undefined
}

const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : [])
const text = (from: JsonObject, member: string): string => {
  const value = from[member]
  return typeof value === 'string' ? value : ''
}
