/** All queries over one database. */
import { sql } from 'kysely'
import { HEALING_SWITCH_ID } from '../../domain/aggregates.ts'
import { type HealingSwitchRow, healingSwitch } from '../healing-switch.ts'
import { approvalQueries } from './approvals.ts'
import {
  anomalyQueries,
  commandQueries,
  fingerprintQueries,
  hostQueries,
  keyQueries,
  operationQueries,
  parkedInstanceQueries,
  remedyGuardQueries,
} from './collections.ts'
import type { QueryContext } from './context.ts'
import { eventQueries } from './events.ts'
import { incidentQueries } from './incidents.ts'
import type { Queries } from './index.ts'
import { serverSelectionQuery } from './server-selection.ts'
import { serverToolQueries } from './server-tools.ts'
import { serverQueries } from './servers.ts'
import { readOne } from './statement.ts'
import { summaryQuery } from './summary.ts'
import { targetQueries } from './targets.ts'
import { usageQueries } from './usage.ts'

export const createQueries = (context: QueryContext): Queries => ({
  hosts: hostQueries(context),
  targets: targetQueries(context),
  servers: serverQueries(context),
  serverTools: serverToolQueries(context),
  anomalies: anomalyQueries(context),
  incidents: incidentQueries(context),
  approvals: approvalQueries(context),
  commands: commandQueries(context),
  operations: operationQueries(context),
  serverSelection: serverSelectionQuery(context),
  keys: keyQueries(context),
  fingerprints: fingerprintQueries(context),
  remedyGuards: remedyGuardQueries(context),
  parkedInstances: parkedInstanceQueries(context),
  events: eventQueries(context),
  usage: usageQueries(context),
  async healingSwitch(options = {}) {
    const models = [healingSwitch]
    await context.ready(models, options)
    const { row, position } = await readOne(context.database, { model: healingSwitch, models }, sql`id = ${HEALING_SWITCH_ID}`)
    // Written from rows of this type, through the same columns.
    return { value: row as HealingSwitchRow | undefined, position }
  },
  summary: summaryQuery(context),
})
