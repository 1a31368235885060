/** The schema of every event's data, by its type. A type without one does not compile, nor does one that the domain does not know. */
import type { DomainEvent } from '../../../domain/events.ts'
import { anomalySchemas } from './anomaly.ts'
import { approvalSchemas } from './approval.ts'
import { commandSchemas } from './command.ts'
import type { SchemasOf } from './common.ts'
import { fingerprintSchemas } from './fingerprint.ts'
import { healingSwitchSchemas } from './healing-switch.ts'
import { hostSchemas } from './host.ts'
import { incidentSchemas } from './incident.ts'
import { keySchemas } from './key.ts'
import { lanesSchemas } from './lanes.ts'
import { logIdentitySchemas } from './log-identity.ts'
import { operationSchemas } from './operation.ts'
import { effectSchemas, processSchemas } from './process.ts'
import { registrySchemas } from './registry.ts'
import { remedyGuardSchemas } from './remedy-guard.ts'
import { serverSchemas } from './server.ts'
import { targetSchemas } from './target.ts'
import { usageSchemas } from './usage.ts'

export const schemas: SchemasOf<DomainEvent> = {
  ...anomalySchemas,
  ...approvalSchemas,
  ...commandSchemas,
  ...effectSchemas,
  ...fingerprintSchemas,
  ...healingSwitchSchemas,
  ...hostSchemas,
  ...incidentSchemas,
  ...keySchemas,
  ...lanesSchemas,
  ...logIdentitySchemas,
  ...operationSchemas,
  ...processSchemas,
  ...registrySchemas,
  ...remedyGuardSchemas,
  ...serverSchemas,
  ...targetSchemas,
  ...usageSchemas,
}
