/** How grave an event of a server is, and what it is about, in the words of the source documents. Derived here, and nowhere recorded. */
import type { ServerEvent } from './events.ts'

export const eventSeverities = ['info', 'warning', 'error', 'critical'] as const
export type EventSeverity = (typeof eventSeverities)[number]

export const eventCategories = ['server_lifecycle', 'communication', 'configuration', 'health_check', 'security', 'performance'] as const
export type EventCategory = (typeof eventCategories)[number]

/** `severity`: several where its data decides, see `severityOfEvent`. */
type Words = Readonly<{ category: EventCategory; severity: EventSeverity | readonly EventSeverity[] }>

const lifecycle = { category: 'server_lifecycle', severity: 'info' } as const
const configuration = { category: 'configuration', severity: 'info' } as const
const security = { category: 'security', severity: 'info' } as const

/** Of every type: a new one does not compile without its words. */
const words: Readonly<Record<ServerEvent['type'], Words>> = {
  ServerRegistered: lifecycle,
  ServerConfigChanged: configuration,
  ServerEnabled: lifecycle,
  ServerDisabled: { category: 'server_lifecycle', severity: ['info', 'critical'] },
  ServerStartRequested: lifecycle,
  ServerStopRequested: lifecycle,
  ServerRestartRequested: lifecycle,
  MaintenanceEntered: lifecycle,
  MaintenanceLeft: lifecycle,
  ExecutableApproved: security,
  ExecutableApprovalRevoked: security,
  ServerRetired: lifecycle,
  ServerRestored: lifecycle,
  ServerStarting: lifecycle,
  ServerSpawned: lifecycle,
  ServerRunning: lifecycle,
  ServerStopping: lifecycle,
  ServerStopped: lifecycle,
  ServerFailed: { category: 'server_lifecycle', severity: 'error' },
  ServerRestartScheduled: { category: 'server_lifecycle', severity: 'warning' },
  ServerRestartBudgetExhausted: { category: 'server_lifecycle', severity: 'critical' },
  ServerStepFenced: lifecycle,
  ServerHealthChanged: { category: 'health_check', severity: ['info', 'warning', 'error'] },
  ServerAlertRaised: { category: 'performance', severity: 'warning' },
  ServerAlertCleared: { category: 'performance', severity: 'info' },
  ToolCatalogChanged: { category: 'communication', severity: 'info' },
  InstructionsApproved: security,
  ToolQuarantined: { category: 'security', severity: 'warning' },
  ToolApproved: security,
  ToolEnabled: configuration,
  ToolDisabled: configuration,
  ToolSettingsChanged: configuration,
}

const types = new Map<string, Words>(Object.entries(words))

type Told = Readonly<{ type: string; data: Readonly<Record<string, unknown>> }>

export function severityOfEvent({ type, data }: Told): EventSeverity {
  if (type === 'ServerDisabled') return data['because'] === 'failures' ? 'critical' : 'info'
  if (type === 'ServerHealthChanged') return data['to'] === 'unhealthy' ? 'error' : data['to'] === 'degraded' ? 'warning' : 'info'
  const { severity = 'info' } = types.get(type) ?? {}
  return typeof severity === 'string' ? severity : 'info'
}

export const categoryOfEvent = ({ type }: Pick<Told, 'type'>): EventCategory => types.get(type)?.category ?? 'server_lifecycle'

/** To look for them in a log that is indexed by type: those that can have one of the severities, and have the category. */
export const typesOfWords = ({
  severities,
  category,
}: Readonly<{ severities?: readonly EventSeverity[] | undefined; category?: EventCategory | undefined }>): readonly string[] =>
  [...types].flatMap(([type, of]) => {
    const canBe = typeof of.severity === 'string' ? [of.severity] : of.severity
    const fits = severities === undefined || canBe.some((each) => severities.includes(each))
    return fits && (category === undefined || of.category === category) ? [type] : []
  })

/** `ServerRestartScheduled`: server restart scheduled. */
export const messageOfEvent = ({ type }: Pick<Told, 'type'>): string =>
  type.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`).toLowerCase()
