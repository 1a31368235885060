/** Opens the PostgreSQL store in the process of the writer that is killed. */
import { z } from 'zod'
import { createPostgresEventStore } from '../../../src/adapters/event-store/postgres/postgres-event-store.ts'
import type { OpenStore } from './writer-process.ts'

const Settings = z.strictObject({ connectionString: z.string(), namespace: z.string() })

export const openStore: OpenStore = async (settings) => createPostgresEventStore(Settings.parse(settings))
