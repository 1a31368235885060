/** The resources of a plan as the host knows them: two paths to one file take the same lane. */
import type { Resource } from '../../domain/catalogue/action.ts'
import { parseResolved, pathsIn, resolvePaths, withRealPaths } from '../../domain/catalogue/common/resolve-paths.ts'
import type { Reached } from './reach.ts'

/** Undefined: the host does not say where a file lies. */
export async function resolveResources(
  resources: readonly Resource[],
  reached: Reached,
  signal: AbortSignal,
): Promise<readonly Resource[] | undefined> {
  const paths = pathsIn(resources)
  if (paths.length === 0) return resources
  const resolved = parseResolved(await reached.execute(resolvePaths(paths), { signal }), paths)
  return resolved && withRealPaths(resources, resolved)
}
