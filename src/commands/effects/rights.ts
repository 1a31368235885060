/** Looks before a plan is offered whether the account may do what the steps need, so that nobody approves what cannot run. */
import type { Answer, Right } from '../../domain/catalogue/right.ts'
import { ServiceRefused } from '../../domain/ports/remote-host.ts'
import { protect } from '../../domain/protected.ts'
import { isAnswerless } from './probing.ts'
import type { Reached } from './reach.ts'

export const MISSING_RIGHT = 'missing-right'

/** Every right that is proven to be missing, and how to give it; undefined when none is. */
export async function missingRights(rights: readonly Right[], reached: Reached, signal: AbortSignal): Promise<string | undefined> {
  const says: string[] = []
  for (const right of rights) {
    const answer = await ask(right, reached, signal)
    if (!answer || !right.isMissing(answer)) continue
    const { called, user } = accountOf(right, reached)
    says.push(`${called} may not ${right.to}${detail(answer)}. To allow it: ${right.give.replaceAll('{user}', user)}.`)
  }
  return says.length === 0 ? undefined : says.join(' ')
}

async function ask({ run }: Right, reached: Reached, signal: AbortSignal): Promise<Answer | undefined> {
  try {
    return { kind: 'answered', output: await reached.execute(run, { signal }) }
  } catch (error) {
    if (error instanceof ServiceRefused) return { kind: 'refused', code: error.code, says: error.message }
    if (isAnswerless(error)) return undefined
    throw error
  }
}

function accountOf({ run }: Right, { target, host }: Reached): Readonly<{ called: string; user: string }> {
  const { connection } = target.registration
  if (run.kind === 'script' || run.kind === 'exec') {
    return { called: `The account ${host.username} on host ${host.name}`, user: host.username }
  }
  const user = connection === undefined || connection.kind === 'nginx' ? undefined : connection.user
  return user === undefined ? { called: 'The default user', user: 'default' } : { called: `The user ${user}`, user }
}

function detail(answer: Answer): string {
  const says = answer.kind === 'refused' ? answer.says : answer.output.kind === 'text' ? answer.output.stderr.trim() : ''
  return says === '' ? '' : ` (${protect(says, 500).text})`
}
