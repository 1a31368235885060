/**
 * Reads a JSON body that cannot hurt: bounded while it arrives, checked for depth before it is parsed, valid UTF-8, well-formed strings, no
 * `__proto__`. Says which rule was broken and never repeats what was sent.
 */
import type { Json } from '../domain/ports/json.ts'
import { ApiError } from './api-error.ts'

export type BodyLimits = Readonly<{ maxBytes: number; maxDepth: number }>

export const defaultBodyLimits: BodyLimits = { maxBytes: 256 * 1024, maxDepth: 32 }

/** Undefined when there is no body. */
export async function readJsonBody(request: Request, { maxBytes, maxDepth }: BodyLimits): Promise<Json | undefined> {
  const bytes = await readBounded(request, maxBytes)
  if (bytes.byteLength === 0) return undefined
  checkMediaType(request.headers.get('content-type'))
  // What is packed cannot be bounded while it arrives.
  if ((request.headers.get('content-encoding') ?? 'identity') !== 'identity') throw new ApiError('unsupported-media-type')
  const text = decode(bytes)
  checkDepth(text, maxDepth)
  const json = parse(text)
  checkStrings(json)
  return json
}

async function readBounded(request: Request, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = () => new ApiError('payload-too-large', { details: { maxBytes }, headers: { connection: 'close' } })
  const announced = request.headers.get('content-length')
  if (announced !== null && Number(announced) > maxBytes) throw tooLarge()
  if (request.body === null) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body) {
    size += chunk.byteLength
    if (size > maxBytes) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, size)
}

function checkMediaType(contentType: string | null): void {
  const [type = '', ...parameters] = (contentType ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim())
  const charset = parameters
    .find((parameter) => parameter.startsWith('charset='))
    ?.slice('charset='.length)
    .replaceAll('"', '')
  const isJson = type === 'application/json' || /^application\/[a-z0-9.-]+\+json$/.test(type)
  if (!isJson || (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8')) throw new ApiError('unsupported-media-type')
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw malformed('must be valid UTF-8')
  }
}

/** Counts brackets outside strings, without building anything. */
function checkDepth(text: string, maxDepth: number): void {
  let depth = 0
  let inString = false
  for (let index = 0; index < text.length; index++) {
    const character = text[index]
    if (inString) {
      if (character === '\\') index++
      else if (character === '"') inString = false
    } else if (character === '"') inString = true
    else if (character === '{' || character === '[') {
      depth++
      if (depth > maxDepth) throw malformed(`must not be nested deeper than ${maxDepth} levels`)
    } else if (character === '}' || character === ']') depth--
  }
}

function parse(text: string): Json {
  try {
    return JSON.parse(text)
  } catch {
    throw malformed('must be JSON')
  }
}

function checkStrings(json: Json): void {
  if (typeof json === 'string') checkText(json)
  if (json === null || typeof json !== 'object') return
  for (const [name, value] of Object.entries(json)) {
    if (name === '__proto__') throw malformed('must not have a member named __proto__')
    checkText(name)
    checkStrings(value)
  }
}

function checkText(text: string): void {
  // A lone surrogate has no canonical form and no UTF-8: it could not be hashed or stored.
  if (!text.isWellFormed()) throw malformed('must not hold lone surrogates')
}

const malformed = (rule: string): ApiError => new ApiError('malformed-json', { details: { rule } })
