/**
 * Retiring what is watched: it is shown, a person is asked, and exactly what was shown is retired. When somebody has changed it meanwhile, the API
 * refuses.
 */
import { confirmed, preview, type Repeatable, settled } from '../change.ts'
import type { StewardClient } from '../client/client.ts'
import { idOf, kinds, pathOf } from '../client/references.ts'
import type { Outcome } from '../client/shapes.ts'
import { CliError, exitCode } from '../exit-code.ts'
import type { Page } from '../screen/page.ts'
import type { Session } from '../session.ts'

export type RetireFlags = Repeatable & Readonly<{ reason?: string; yes?: boolean }>

/** `drawingOf` gets what is about to be retired, and gives what draws it. */
export async function retire<Subject extends Readonly<{ name: string }>>(
  session: Session,
  kind: 'host' | 'target',
  given: string,
  flags: RetireFlags,
  drawingOf: (subject: Subject, client: StewardClient) => Promise<(page: Page) => void>,
): Promise<void> {
  const client = await session.api()
  const path = pathOf(kinds[kind], await idOf(client, kinds[kind], given))
  const { body: subject, etag } = await client.see<Subject>(path)
  preview(session, flags, await drawingOf(subject, client))
  if (!(await confirmed(session, flags, `Retire this ${kind}?`)))
    throw new CliError('not confirmed; nothing was changed', { exitCode: exitCode.failure })
  const { reason, idempotencyKey } = flags
  const outcome = await client.send<Outcome>('DELETE', path, {
    body: reason === undefined ? {} : { reason },
    ifMatch: etag ?? '*',
    idempotencyKey,
  })
  await settled<Subject>(session, client, path, outcome)
  session.out.show(outcome, (page) => page.item('Retired ', subject.name, 'good'))
}
