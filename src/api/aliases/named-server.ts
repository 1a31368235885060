/** A server as the documents name it: by id or by name, they do not say which. */
import { z } from 'zod'
import { ApiError } from '../api-error.ts'
import type { Context } from '../context.ts'
import type { Caller } from '../define-route.ts'
import { mayOf } from '../permissions.ts'
import { serverJson } from '../schemas/server.ts'

export const serverParam = z.strictObject({ id: z.string().min(1).max(128).describe('Id or name of the server.') })

type On = Readonly<{ params: Readonly<{ id: string }> }>

export async function serverIdOf(nameOrId: string, { queries }: Pick<Context, 'queries'>): Promise<string> {
  const { items } = await queries.servers.list({ name: nameOrId, limit: 1 })
  return items[0]?.serverId ?? nameOrId
}

export const byId = async <Request extends On>(request: Request, context: Context) => ({
  ...request,
  params: { id: await serverIdOf(request.params.id, context) },
})

/** From the log, and not from a read model that may lag: an answer to a command shows what the command did. @throws ApiError `not-found` */
export async function serverNow(id: string, { principal }: Pick<Caller, 'principal'>, { serverPast, hash }: Context) {
  const now = await serverPast.show(id, 'now')
  if (!now) throw new ApiError('not-found')
  return serverJson({ hash, may: mayOf(principal) })(now.view)
}
