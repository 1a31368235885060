/**
 * Whether this user of Redis may run a command, found out without running it: with arguments that no version accepts, Redis first looks at the user,
 * then refuses the arguments. `ACL DRYRUN` would say the same, but needs Redis 7 and a right that an account for repairs should not have.
 */
import type { Right } from '../right.ts'

const NONSENSE = 'steward-asks-whether-it-may'

/** Codes of a command that this user may not run, or that was renamed away. */
const denies = (code: string, says: string): boolean => code === 'NOPERM' || /unknown command/i.test(says)

const mayRun = (to: string, give: string, command: readonly [string, ...string[]]): Right => ({
  to,
  give,
  run: { kind: 'redis', command },
  isMissing: (answer) => answer.kind === 'refused' && denies(answer.code, answer.says),
})

export const mayConfigure: readonly Right[] = [
  mayRun('run CONFIG GET in Redis', 'ACL SETUSER {user} +config|get', ['CONFIG', 'GET', NONSENSE]),
  mayRun('run CONFIG SET in Redis', 'ACL SETUSER {user} +config|set', ['CONFIG', 'SET', NONSENSE, NONSENSE]),
]

export const maySave: readonly Right[] = [
  mayRun('run BGSAVE in Redis', 'ACL SETUSER {user} +bgsave', ['BGSAVE', NONSENSE]),
  mayRun('run WAIT in Redis', 'ACL SETUSER {user} +wait', ['WAIT', NONSENSE, NONSENSE]),
]
