/** Events of the registries of names, as they are in the log. */
import { z } from 'zod'
import type { RegistryEvent } from '../../../domain/registry/events.ts'
import { instant, type SchemasOf, text } from './common.ts'

const name = { name: text, holder: text, at: instant }

export const registrySchemas = {
  NameClaimed: z.strictObject({ ...name, shared: z.literal(true).exactOptional() }),
  NameReleased: z.strictObject(name),
} satisfies SchemasOf<RegistryEvent>
