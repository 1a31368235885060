/** What a command on a tool server or a tool answers with, where its document asks for no more than that it was done. */
import { z } from 'zod'
import { exampleId } from '../../schemas/common.ts'
import { commandIdOf } from '../given.ts'

const schema = z.object({
  id: z.string(),
  success: z.literal(true).describe('It is recorded. The status tells when it is so.'),
  message: z.string(),
  command_id: z.string().describe('By which it may be undone.'),
})

const message = 'recorded; the status tells when it is so'

export const doneAnswer = { status: 200, schema, example: { id: exampleId, success: true, message, command_id: exampleId } } as const

export const done = (json: Readonly<{ id: string }>) => ({ id: json.id, success: true as const, message, command_id: commandIdOf(json) })
