/** The file that stops healing when nothing else answers, as it is shown. */
import { z } from 'zod'
import { timeText } from './common.ts'

export const stopFile = z.object({
  path: z.string(),
  since: timeText.nullable().describe('Null when its directory cannot be looked into, which stops healing as well.'),
})
