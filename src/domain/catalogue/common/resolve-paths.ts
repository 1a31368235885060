/** Where the files of a plan really lie, so that two ways to one file are one resource. A file with several names is also named by its inode. */
import type { Resource } from '../action.ts'
import type { Output, Program } from '../program.ts'
import { decodeFields } from './nul-fields.ts'

export const resolvePaths = (paths: readonly string[]): Program => ({ kind: 'script', script: 'common/resolve-paths.sh', args: paths })

/** The resources of each path, in order; undefined when the output proves nothing. */
export function parseResolved(output: Output, paths: readonly string[]): readonly (readonly ResolvedPath[])[] | undefined {
  if (output.kind !== 'text' || output.exitCode !== 0) return undefined
  const fields = decodeFields(output.stdout)
  if (fields?.length !== 2 * paths.length) return undefined
  return paths.map((_path, index) => {
    const [real = '', inode = '-'] = fields.slice(2 * index, 2 * index + 2)
    return inode === '-' ? [real] : [real, `inode:${inode}`]
  })
}

type ResolvedPath = string

const PATHS = /^(file|filesystem):(.*)$/s

/** The paths in resources, in order. */
export const pathsIn = (resources: readonly Resource[]): readonly string[] =>
  resources.flatMap((resource) => PATHS.exec(resource)?.[2] ?? [])

/** The same resources by where they really lie, each once. `resolved`: of `pathsIn`, in order. */
export function withRealPaths(resources: readonly Resource[], resolved: readonly (readonly ResolvedPath[])[]): readonly Resource[] {
  const places = [...resolved]
  const real = resources.flatMap((resource): readonly Resource[] => {
    if (resource.startsWith('file:')) return (places.shift() ?? []).map((path) => `file:${path}` as const)
    if (resource.startsWith('filesystem:')) return (places.shift() ?? []).slice(0, 1).map((path) => `filesystem:${path}` as const)
    return [resource]
  })
  return [...new Set(real)]
}
