/** When a process began, in a form that no other process of the same id shares: ids are reused, pairs of id and start are not. */
import { readFile } from 'node:fs/promises'
import { runProgram } from './run-program.ts'

/** Undefined when there is no such process, or none we can see. A zombie is no process any more. */
export async function processStart(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') {
    const { exitCode, output } = await runProgram(['ps', '-o', 'lstart=', '-p', String(pid)])
    return exitCode === 0 && output.trim() !== '' ? output.trim() : undefined
  }
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (state === 'Z' || state === 'X') return undefined
    const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
    return `${bootId}/${fields[START_TIME_FIELD]}`
  } catch {
    return undefined
  }
}

/** `starttime` is field 22 of proc(5)'s stat; two fields before the name and the state are already gone. */
const START_TIME_FIELD = 22 - 4
