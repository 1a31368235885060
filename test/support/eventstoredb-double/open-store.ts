/** What a process of its own needs to write to a server by the adapter. */
import { z } from 'zod'
import { createEventStoreDbEventStore } from '../../../src/adapters/event-store/eventstoredb/eventstoredb-event-store.ts'
import type { OpenStore } from '../../contract/support/writer-process.ts'

const Settings = z.strictObject({ url: z.string(), namespace: z.string() })

export const openStore: OpenStore = async (settings) => createEventStoreDbEventStore(Settings.parse(settings))
