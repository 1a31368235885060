/**
 * A second mark, for what wipes its environment: a number in a resource limit. Every descendant inherits it, through a new session, a second
 * fork and `env -i` alike; everybody may read it; and it limits nothing, because Linux has not looked at RLIMIT_RSS since 2.4.30, and because it
 * is beyond any memory there is. In KiB, as shells count: the bit that makes it enormous, 28 bits of the data directory, 24 of the run.
 */
import { randomInt } from 'node:crypto'
import type { Mark } from './mark.ts'

/** As the kernel shows it: in bytes, and decimal. */
export type Stamp = string

const ENORMOUS = 1n << 52n
const RUN_BITS = 24n
const KIB = 1024n

const placeBits = ({ place }: Pick<Mark, 'place'>): bigint => BigInt(`0x${place.slice(0, 7)}`)

export function newStamp(mark: Pick<Mark, 'place'>, isTaken: (stamp: Stamp) => boolean): Stamp {
  for (;;) {
    const stamp = ((ENORMOUS | (placeBits(mark) << RUN_BITS) | BigInt(randomInt(1 << Number(RUN_BITS)))) * KIB).toString()
    if (!isTaken(stamp)) return stamp
  }
}

/** What a shell's `ulimit -m` takes. */
export const inKib = (stamp: Stamp): string => (BigInt(stamp) / KIB).toString()

/** Whether it is the stamp of some run of this data directory. */
export function isOfPlace(stamp: Stamp, mark: Pick<Mark, 'place'>): boolean {
  const withoutRun = (BigInt(stamp) / KIB) >> RUN_BITS
  return withoutRun === ((ENORMOUS >> RUN_BITS) | placeBits(mark))
}

/** From the text of /proc/<pid>/limits. The hard limit: the soft one is the program's own to lower. */
export const stampIn = (limits: string): Stamp | undefined => /^Max resident set +\S+ +(\d{19}) /m.exec(limits)?.[1]
