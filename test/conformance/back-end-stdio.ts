/** The back-end as a managed server would be: over its standard streams, in the era in which it is spoken to. */
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { createBackEnd } from './back-end.ts'

serveStdio(({ era }) => createBackEnd(era))
