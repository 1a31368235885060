/**
 * The process table of Linux, read from /proc. A process is known by its id together with its start: ids are used again, pairs are not. Each
 * read is synchronous, because between looking at a process and signalling it nothing of ours may happen.
 */
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'
import { MARK_VARIABLE, type Mark } from './mark.ts'
import { isOfPlace, type Stamp, stampIn } from './stamp.ts'

export type ProcessFacts = Readonly<{
  pid: number
  startTicks: string
  state: string
  parent: number
  group: number
  threads: number
  /** Of itself, in user and kernel mode, and of children that it has waited for. */
  cpuTicks: number
  ofKernel: boolean
}>

/** By its environment, by the number in its limits, or both. */
export type MarkedProcess = Readonly<{
  pid: number
  startTicks: string
  environment?: Readonly<{ life: string; runId: string }>
  stamp?: Stamp
}>

/** One look at all processes. `unsure` counts those that may carry the mark but showed nothing: in the middle of an exec, or just gone. */
export type Look = Readonly<{ marked: readonly MarkedProcess[]; unsure: number }>

export const hasProcessTable = process.platform === 'linux'

/** Undefined when there is no such process. */
export function factsOf(pid: number): ProcessFacts | undefined {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
  // The second field is the program's name in parentheses and may itself hold spaces and parentheses. What follows begins with field 3.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const field = (number: number): string => fields[number - 3] ?? ''
  return {
    ...{ pid, state: field(3), parent: Number(field(4)), group: Number(field(5)), threads: Number(field(20)), startTicks: field(22) },
    cpuTicks: [14, 15, 16, 17].reduce((ticks, number) => ticks + Number(field(number)), 0),
    ofKernel: (Number(field(9)) & PF_KTHREAD) !== 0,
  }
}

const PF_KTHREAD = 0x0020_0000

/** A zombie is no process any more: it runs nothing, and only its parent can take it away. */
export const isAlive = (facts: ProcessFacts | undefined): facts is ProcessFacts => facts !== undefined && !/[ZXx]/.test(facts.state)

/** Sends a signal to that very process. Between the check and the signal lie microseconds; its id would have to be free and given away in them. */
export function signalProcess({ pid, startTicks }: Pick<MarkedProcess, 'pid' | 'startTicks'>, signal: NodeJS.Signals): boolean {
  const facts = factsOf(pid)
  if (!isAlive(facts) || facts.startTicks !== startTicks) return false
  return send(pid, signal)
}

/** Whether there was anybody to get it. */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  return send(-group, signal)
}

function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    // EPERM: it is there, but it became another user's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/**
 * Whether a process of the group still runs. The kernel counts zombies as members, and where the first process of a container does not take its
 * orphans away, they stay for ever.
 */
export async function isGroupAlive(group: number): Promise<boolean> {
  if (!signalGroup(group, 0)) return false
  if (!hasProcessTable) return true
  for await (const pid of allProcesses()) {
    const facts = factsOf(pid)
    if (facts?.group === group && isAlive(facts)) return true
  }
  return false
}

export async function lookForMarks(mark: Pick<Mark, 'place'>, { stamps }: { stamps: boolean }): Promise<Look> {
  const needle = Buffer.from(`${MARK_VARIABLE}=${mark.place}:`)
  const marked: MarkedProcess[] = []
  let unsure = 0
  for await (const pid of allProcesses()) {
    const seen = look(pid)
    if (seen === 'unsure') unsure += 1
    else if (seen !== undefined) marked.push(seen)
  }
  return { marked, unsure }

  function look(pid: number): MarkedProcess | 'unsure' | undefined {
    const environment = bytesOf(pid, 'environ')
    const value = environment instanceof Buffer ? valueAt(environment, needle) : undefined
    const stamp = stamps ? stampOf(pid, mark) : undefined
    if (value === undefined && stamp === undefined)
      return environment instanceof Buffer && environment.length > 0 ? undefined : silent(pid, environment)
    const facts = factsOf(pid)
    if (!isAlive(facts)) return 'unsure'
    const [life = '', runId = ''] = value?.split(':') ?? []
    return {
      ...{ pid, startTicks: facts.startTicks },
      ...(value === undefined ? {} : { environment: { life, runId } }),
      ...(stamp === undefined ? {} : { stamp }),
    }
  }
}

/** All but our own, in slices, so that a machine with thousands of processes does not hold up the calls that pass through us. */
export async function* allProcesses(): AsyncGenerator<number> {
  let left = SLICE
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    yield pid
    left -= 1
    if (left > 0) continue
    left = SLICE
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const SLICE = 64

function stampOf(pid: number, mark: Pick<Mark, 'place'>): Stamp | undefined {
  const limits = bytesOf(pid, 'limits')
  const stamp = limits instanceof Buffer ? stampIn(limits.toString('latin1')) : undefined
  return stamp !== undefined && isOfPlace(stamp, mark) ? stamp : undefined
}

/** It may have nothing to show, or nothing yet, or nothing any more; what belongs to others may be closed to us. */
function silent(pid: number, environment: Buffer | 'forbidden' | 'gone'): 'unsure' | undefined {
  if (environment === 'forbidden') return undefined
  const facts = factsOf(pid)
  return facts === undefined || (isAlive(facts) && !facts.ofKernel) ? 'unsure' : undefined
}

/** What follows the needle where it begins an entry; not where some other value happens to hold it. */
function valueAt(environment: Buffer, needle: Buffer): string | undefined {
  for (let at = environment.indexOf(needle); at !== -1; at = environment.indexOf(needle, at + 1)) {
    if (at !== 0 && environment[at - 1] !== 0) continue
    const end = environment.indexOf(0, at)
    return environment.toString('latin1', at + needle.length, end === -1 ? environment.length : end)
  }
  return undefined
}

let page = Buffer.allocUnsafe(16_384)

/** The bytes are valid until the next call. */
function bytesOf(pid: number, file: 'environ' | 'limits'): Buffer | 'forbidden' | 'gone' {
  let fd: number
  try {
    fd = openSync(`/proc/${pid}/${file}`, 'r')
  } catch (error) {
    return error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM') ? 'forbidden' : 'gone'
  }
  try {
    let length = 0
    for (;;) {
      const read = readSync(fd, page, length, page.length - length, null)
      if (read === 0) return page.subarray(0, length)
      length += read
      if (length === page.length) page = Buffer.concat([page], page.length * 2)
    }
  } catch {
    return 'gone'
  } finally {
    closeSync(fd)
  }
}
