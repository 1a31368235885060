/** How grave an event of a server is, and what it is about, in the words of the source documents. Derived here, and nowhere recorded. */
import type { ServerEvent } from './events.ts'

export const eventSeverities = ['info', 'warning', 'error', 'critical'] as const
export type EventSeverity = (typeof eventSeverities)[number]

export const eventCategories = ['server_lifecycle', 'communication', 'configuration', 'health_check', 'security', 'performance'] as const
export type EventCategory = (typeof eventCategories)[number]

type Told = Readonly<{ type: string; data: Readonly<Record<string, unknown>> }>

export function severityOfEvent({ type, data }: Told): EventSeverity {
  if (type === 'ServerDisabled') return data['because'] === 'failures' ? 'critical' : 'info'
  if (type === 'ServerHealthChanged') return data['to'] === 'unhealthy' ? 'error' : data['to'] === 'degraded' ? 'warning' : 'info'
  return severities.get(type) ?? 'info'
}

export const categoryOfEvent = ({ type }: Pick<Told, 'type'>): EventCategory => categories.get(type) ?? 'server_lifecycle'

/** `ServerRestartScheduled`: server restart scheduled. */
export const messageOfEvent = ({ type }: Pick<Told, 'type'>): string =>
  type.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`).toLowerCase()

type Table<Word> = ReadonlyMap<string, Word>
const table = <Word>(...entries: readonly (readonly [ServerEvent['type'], Word])[]): Table<Word> => new Map(entries)

const severities = table<EventSeverity>(
  ['ServerFailed', 'error'],
  ['ServerRestartBudgetExhausted', 'critical'],
  ['ServerRestartScheduled', 'warning'],
  ['ToolQuarantined', 'warning'],
)

const categories = table<EventCategory>(
  ['ServerConfigChanged', 'configuration'],
  ['ServerHealthChanged', 'health_check'],
  ['ExecutableApproved', 'security'],
  ['ToolCatalogChanged', 'communication'],
  ['InstructionsApproved', 'security'],
  ['ToolQuarantined', 'security'],
  ['ToolApproved', 'security'],
  ['ToolEnabled', 'configuration'],
  ['ToolDisabled', 'configuration'],
  ['ToolSettingsChanged', 'configuration'],
)
