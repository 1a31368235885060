/** What the API answers, as types for the modules of the page. Only the type check reads this; no browser is sent it. */
import type { z } from 'zod'
import type { listServerVitals } from '../routes/server-health.ts'
import type { outcome } from '../schemas/common.ts'
import type { event } from '../schemas/event.ts'
import type { incident, incidentSummary } from '../schemas/incident.ts'
import type { ownKey } from '../schemas/key.ts'
import type { preview } from '../schemas/preview.ts'
import type { server } from '../schemas/server.ts'
import type { serverTool } from '../schemas/server-tool.ts'
import type { analytics, serverMetrics } from '../schemas/usage.ts'
import type { Client } from './api.js'

export type Server = z.output<typeof server>
export type ServerTool = z.output<typeof serverTool>
export type Analytics = z.output<typeof analytics>
export type ServerVitals = z.output<typeof listServerVitals.answer.schema>
export type ServerUsage = z.output<typeof serverMetrics>
export type StewardEvent = z.output<typeof event>
export type Incident = z.output<typeof incident>
export type IncidentSummary = z.output<typeof incidentSummary>
export type OwnKey = z.output<typeof ownKey>
export type Outcome = z.output<typeof outcome>
export type Preview = z.output<typeof preview>
export type Change = Preview['changes'][number]
export type HistoryEntry = Readonly<{
  type: string
  position: string
  at: string
  by: string
  reason: string | null
  commandId: string | null
  tool: string | null
  changes: readonly Change[]
}>
export type Page<Item> = Readonly<{ items: readonly Item[]; next_cursor: string | null; position: string }>

/** A message of the live connection; docs/live.md has what they say. */
export type LiveMessage = Readonly<{
  type: string
  channel?: string
  position?: string
  resume?: string
  message?: string
  data?: Readonly<Record<string, unknown>>
}>

/** How the live connection is. `says`: why it is away. */
export type LiveState =
  | Readonly<{ kind: 'connecting' }>
  | Readonly<{ kind: 'live' }>
  | Readonly<{ kind: 'away'; sinceMs: number; retryAtMs: number; says: string }>

/** What every view works with. */
export type Desk = Readonly<{
  client: Client
  me: OwnKey
  may: (permission: OwnKey['permissions'][number]) => boolean
  /** Says in a corner what was done. */
  tell: (text: string) => void
}>

/** A part of the page that is shown for one address. Its owner calls `close` before another takes its place. */
export type View = Readonly<{
  title: string
  node: HTMLElement
  /** Asks the API anew; `position`: not for less than that. */
  refresh: (position?: string) => void
  /** What happened, while the view is shown. */
  hear: (message: LiveMessage) => void
  close: () => void
}>
