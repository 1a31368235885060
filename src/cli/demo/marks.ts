/**
 * The marks that steps leave on the host, read by the demo as files: one directory per execution, one file per step, made before the step and
 * finished behind it. What ran, and how often, is counted here and not taken from Steward.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

export type Mark = Readonly<{ executionId: string; step: string; kind: string; exitCode: number | undefined }>

export async function readMarks(stateDir: string): Promise<readonly Mark[]> {
  const top = join(stateDir, 'marks')
  const executions = await readdir(top).catch(() => [])
  const marks = await Promise.all(executions.map((executionId) => marksOf(top, executionId)))
  return marks.flat()
}

async function marksOf(top: string, executionId: string): Promise<readonly Mark[]> {
  const names = (await readdir(join(top, executionId)).catch(() => [])).filter((name) => !name.startsWith('.')).sort()
  return Promise.all(
    names.map(async (step) => {
      const text = await readFile(join(top, executionId, step), 'utf8').catch(() => '')
      const end = /^end (\d+)$/m.exec(text)?.[1]
      return { executionId, step, kind: /^kind (\w+)$/m.exec(text)?.[1] ?? '', exitCode: end === undefined ? undefined : Number(end) }
    }),
  )
}

/** Executions of which at least one step ran. A fence is no step. */
export const countActions = (marks: readonly Mark[]): number =>
  new Set(marks.flatMap(({ executionId, kind }) => (kind === 'run' ? [executionId] : []))).size
