/** The target that a managed server is while it is registered. Restored after it was retired, it is a new one: the old one's incidents are closed for good. */
import type { Instant } from '../../instant.ts'
import type { DerivedId } from '../process-manager.ts'

/** @param since when it was registered, or restored. @param derivedId of the instance of `server-care` for this server. */
export const serverTargetId = (since: Instant, derivedId: DerivedId): string => derivedId('target', since)
