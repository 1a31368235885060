/** Records a baseline of this machine's files, as the registration of a target does over SSH. */
import { baselineDiscoveries, baselineEntries, baselinePaths, mergePaths, pathsToRead } from '../../src/domain/catalogue/baseline.ts'
import { keepContents, parseKeptContents } from '../../src/domain/catalogue/common/contents.ts'
import type { FileState } from '../../src/domain/catalogue/common/file-state.ts'
import { parseFileStates, readFileStates, type Watched } from '../../src/domain/catalogue/common/read-file-states.ts'
import type { TargetInventory } from '../../src/domain/catalogue/inventory.ts'
import type { BaselineEntry } from '../../src/domain/target/events.ts'
import type { LocalRunner } from './local-runner.ts'

export async function recordBaseline(runner: LocalRunner, target: TargetInventory): Promise<ReadonlyMap<string, BaselineEntry>> {
  const found = await Promise.all(baselineDiscoveries(target).map(async ({ run, read }) => read(await runner.run(run))))
  const paths = mergePaths([baselinePaths(target), ...found])
  const kept = parseKeptContents(await runner.run(keepContents(target.stateDir, paths.contents)), paths.contents)
  const states = parseFileStates(await runner.run(readFileStates(pathsToRead(paths))))
  if (kept === undefined || states === undefined) throw new Error('the baseline cannot be read')
  return new Map(baselineEntries(states, kept).map((entry) => [entry.path, entry]))
}

export async function stateOf(runner: LocalRunner, paths: readonly string[]): Promise<readonly FileState[]> {
  const watched: readonly Watched[] = paths.map((path) => ({ path, scope: 'one' }))
  const states = parseFileStates(await runner.run(readFileStates(watched)))
  if (states === undefined) throw new Error('the states cannot be read')
  return states.files
}
