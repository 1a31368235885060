/** The back-end as a managed server, one child per client session, behind the gateway. */
import { fileURLToPath } from 'node:url'
import { type Fleet, startFleet } from '../support/mcp/fleet.ts'

const PROGRAM = fileURLToPath(new URL('./back-end-stdio.ts', import.meta.url))

/** A key of the gateway is a word; this is the one of the suite. */
export const KEY = 'conformance'

export const serveThrough = (): Promise<Fleet> => startFleet([{ name: 'back-end', isolation: 'session', args: [PROGRAM] }])
export const addressOf = ({ url }: Fleet): string => `${url}/back-end`
