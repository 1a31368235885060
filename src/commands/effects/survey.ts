/**
 * Looks at a target as it is while all is well, and keeps it: modes, owners and limits always; contents of configuration only after the service
 * itself accepts them and is healthy. What cannot be seen is said, and never taken for healthy.
 */
import { baselineDiscoveries, baselineEntries, baselinePaths, mergePaths, pathsToRead } from '../../domain/catalogue/baseline.ts'
import { keepContents, parseKeptContents } from '../../domain/catalogue/common/contents.ts'
import type { FileStates } from '../../domain/catalogue/common/file-state.ts'
import { parseFileStates, readFileStates } from '../../domain/catalogue/common/read-file-states.ts'
import { limitReadings } from '../../domain/catalogue/limits.ts'
import { validationOf } from '../../domain/catalogue/validation.ts'
import { HostUnreachable } from '../../domain/ports/remote-host.ts'
import type { EffectHandler } from '../effect-runner.ts'
import { isAnswerless, probeHealth } from './probing.ts'
import { type Reach, type Reached, TargetGone } from './reach.ts'

const SURVEY_TIMEOUT_MS = 30_000

export const createSurvey =
  ({ reach }: { reach: Reach }): EffectHandler<'survey'> =>
  async ({ targetId }, { signal }) => {
    try {
      return await survey(await reach(targetId), signal)
    } catch (error) {
      if (error instanceof HostUnreachable || error instanceof TargetGone) return { kind: 'unseen', reason: error.message }
      throw error
    }
  }

type Surveyed = Awaited<ReturnType<EffectHandler<'survey'>>>

async function survey(reached: Reached, signal: AbortSignal): Promise<Surveyed> {
  const { registration } = reached.target
  const options = { signal, timeoutMs: SURVEY_TIMEOUT_MS }
  const found = [baselinePaths(registration)]
  for (const { run, read } of baselineDiscoveries(registration)) {
    const output = await quietly(() => reached.execute(run, options))
    if (output) found.push(read(output))
  }
  const paths = mergePaths(found)
  const logs = registration.logPaths.map((path) => ({ path, scope: 'one' }) as const)
  const watched = [...pathsToRead(paths), ...logs]
  // A managed server has no files: its configurations are in the log.
  const states = watched.length === 0 ? NO_FILES : parseFileStates(await reached.execute(readFileStates(watched), options))
  if (!states) return { kind: 'unseen', reason: 'the files of the target could not be read' }
  const hidden = states.files.find(({ path, kind }) => registration.logPaths.includes(path) && (kind === 'missing' || kind === 'unseen'))
  if (hidden) return { kind: 'unseen', reason: `log ${hidden.path} is ${hidden.kind === 'missing' ? 'missing' : 'unreadable'}` }
  const health = await probeHealth(reached, signal)
  if (health.level === 'unknown' && !health.tended)
    return { kind: 'unseen', reason: health.says?.text ?? 'the service does not say how it is' }

  const own = states.files.filter(({ path }) => !registration.logPaths.includes(path))
  const kept = (await isAccepted(reached, options)) && health.level === 'up' ? await keep(paths.contents, reached, options) : new Map()
  return { kind: 'seen', baseline: baselineEntries({ ...states, files: own }, kept), limits: await readLimits(reached, options) }
}

const NO_FILES: FileStates = { files: [], cut: [] }

type Options = Readonly<{ signal: AbortSignal; timeoutMs: number }>

/** Whether the service accepts its configuration, as far as it can say. */
async function isAccepted(reached: Reached, options: Options): Promise<boolean> {
  const validation = validationOf(reached.target.registration)
  if (!validation) return true
  const output = await quietly(() => reached.execute(validation.run, options))
  return output !== undefined && validation.accepts(output) === true
}

async function keep(contents: readonly string[], reached: Reached, options: Options): Promise<ReadonlyMap<string, string>> {
  if (contents.length === 0) return new Map()
  const { stateDir } = reached.target.registration
  const output = await quietly(() => reached.execute(keepContents(stateDir, contents), options))
  return (output && parseKeptContents(output, contents)) ?? new Map()
}

async function readLimits(reached: Reached, options: Options): Promise<Readonly<Record<string, number>>> {
  const limits: Record<string, number> = {}
  for (const { name, run, read } of limitReadings(reached.target.registration)) {
    const output = await quietly(() => reached.execute(run, options))
    const value = output && read(output)
    if (value !== undefined) limits[name] = value
  }
  return limits
}

/** A question that the service does not answer leaves the baseline smaller, never wrong. */
async function quietly<Answer>(ask: () => Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (isAnswerless(error)) return undefined
    throw error
  }
}
