/** The collections that are one read model and nothing else. */
import { sql } from 'kysely'
import { type AnomalyRow, anomalies } from '../anomalies.ts'
import { type ApiKeyRow, apiKeys } from '../api-keys.ts'
import { type CommandRow, commands } from '../commands.ts'
import { type FingerprintRow, fingerprints } from '../fingerprints.ts'
import { type HostRow, hosts } from '../hosts.ts'
import { type OperationRow, operations } from '../operations.ts'
import { type ParkedInstanceRow, parkedInstances } from '../parked-instances.ts'
import { type RemedyGuardRow, remedyGuards } from '../remedy-guards.ts'
import { createCollection } from './collection.ts'
import type { QueryContext } from './context.ts'
import type {
  AnomalyFilter,
  Collection,
  CommandFilter,
  FingerprintFilter,
  HostFilter,
  KeyFilter,
  NoFilter,
  OperationFilter,
  Queries,
} from './index.ts'
import { between, equal, readOne } from './statement.ts'

export const hostQueries = (context: QueryContext): Collection<HostRow, HostFilter> =>
  createCollection<HostRow, HostFilter, HostRow>(context, {
    model: hosts,
    filters: ({ name, state = 'registered' }) => [equal('name', name), equal('state', state === 'all' ? undefined : state)],
    orderBy: 'name',
    direction: 'asc',
    item: (row) => row,
  })

export const anomalyQueries = (context: QueryContext): Collection<AnomalyRow, AnomalyFilter> =>
  createCollection<AnomalyRow, AnomalyFilter, AnomalyRow>(context, {
    model: anomalies,
    filters: ({ targetId, incidentId, status, severity, service, faultId, from, until }) => [
      equal('targetId', targetId),
      equal('incidentId', incidentId),
      equal('status', status),
      equal('severity', severity),
      equal('service', service),
      equal('faultId', faultId),
      ...between('detectedAt', from, until),
    ],
    orderBy: 'detectedAt',
    direction: 'desc',
    item: (row) => row,
  })

export const commandQueries = (context: QueryContext): Collection<CommandRow, CommandFilter> =>
  createCollection<CommandRow, CommandFilter, CommandRow>(context, {
    model: commands,
    filters: ({ name, subject, actor, owner, state, from, until }) => [
      equal('name', name),
      equal('subject', subject),
      equal('actor', actor),
      equal('owner', owner),
      equal('state', state),
      ...between('receivedAt', from, until),
    ],
    orderBy: 'position',
    direction: 'desc',
    item: (row) => row,
  })

export const operationQueries = (context: QueryContext): Collection<OperationRow, OperationFilter> =>
  createCollection<OperationRow, OperationFilter, OperationRow>(context, {
    model: operations,
    filters: ({ kind, state }) => [equal('kind', kind), equal('state', state)],
    orderBy: 'startedAt',
    direction: 'desc',
    item: (row) => row,
  })

export const keyQueries = (context: QueryContext): Queries['keys'] => ({
  ...createCollection<ApiKeyRow, KeyFilter, ApiKeyRow>(context, {
    model: apiKeys,
    filters: ({ owner, withRevoked = false }) => [equal('owner', owner), withRevoked ? undefined : sql`revoked_at is null`],
    orderBy: 'createdAt',
    direction: 'desc',
    item: (row) => row,
  }),
  async bySha256(sha256) {
    const { row } = await readOne(context.database, { model: apiKeys, models: [apiKeys] }, sql`sha256 = ${sha256}`)
    // Written from rows of this type, through the same columns.
    return row as ApiKeyRow | undefined
  },
})

export const fingerprintQueries = (context: QueryContext): Collection<FingerprintRow, FingerprintFilter> =>
  createCollection<FingerprintRow, FingerprintFilter, FingerprintRow>(context, {
    model: fingerprints,
    filters: ({ targetId, breaker }) => [equal('targetId', targetId), equal('breaker', breaker)],
    orderBy: 'lastSeenAt',
    direction: 'desc',
    item: (row) => row,
  })

export const remedyGuardQueries = (context: QueryContext): Collection<RemedyGuardRow, NoFilter> =>
  createCollection<RemedyGuardRow, NoFilter, RemedyGuardRow>(context, {
    model: remedyGuards,
    filters: () => [],
    orderBy: 'actionId',
    direction: 'asc',
    item: (row) => row,
  })

export const parkedInstanceQueries = (context: QueryContext): Collection<ParkedInstanceRow, NoFilter> =>
  createCollection<ParkedInstanceRow, NoFilter, ParkedInstanceRow>(context, {
    model: parkedInstances,
    filters: () => [],
    orderBy: 'at',
    direction: 'desc',
    item: (row) => row,
  })
