/** What `INFO` says, as far as the actions, polls and the wellness probe of Redis need it. */
import type { Output, Program } from '../program.ts'

/** One command for every section: `INFO` with several names needs Redis 7. */
export const readInfo: Program = { kind: 'redis', command: ['INFO', 'all'] }

export type Info = ReadonlyMap<string, string>

export function parseInfo(output: Output): Info | undefined {
  if (output.kind !== 'value' || typeof output.value !== 'string' || !output.value.includes('redis_version:')) return undefined
  return new Map(
    output.value.split(/\r?\n/).flatMap((line) => {
      const colon = line.indexOf(':')
      return line.startsWith('#') || colon === -1 ? [] : [[line.slice(0, colon), line.slice(colon + 1)]]
    }),
  )
}

export function numberOf(info: Info, field: string): number | undefined {
  const text = info.get(field)
  return text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : undefined
}

/** How often a command was refused with this error since start or CONFIG RESETSTAT. Redis lists an error only once it has happened. */
export const errorCount = (info: Info, error: string): number =>
  Number(/^count=(\d{1,16})$/.exec(info.get(`errorstat_${error}`) ?? '')?.[1] ?? 0)
