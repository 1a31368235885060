/** The resources of a plan as the host knows them: two paths to one file take the same lane, and what is written goes where the file lay then. */
import type { Resource, Where } from '../../domain/catalogue/action.ts'
import { parseResolved, pathsIn, resolvePaths, withRealPaths } from '../../domain/catalogue/common/resolve-paths.ts'
import type { Reached } from './reach.ts'

/** Undefined: the host does not say where a file lies. */
export async function resolveResources(
  resources: readonly Resource[],
  reached: Reached,
  signal: AbortSignal,
): Promise<Readonly<{ resources: readonly Resource[]; where: Where }> | undefined> {
  const paths = pathsIn(resources)
  if (paths.length === 0) return { resources, where: (path) => path }
  const resolved = parseResolved(await reached.execute(resolvePaths(paths), { signal }), paths)
  if (!resolved) return undefined
  const places = new Map(paths.map((path, index) => [path, resolved[index]?.[0] ?? path]))
  return { resources: withRealPaths(resources, resolved), where: (path) => places.get(path) ?? path }
}
