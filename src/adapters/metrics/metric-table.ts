/**
 * Every metric there is: name, kind, help and labels. Base units, counters end in `_total`. Labels take few values: words of our own code, of the fault
 * catalogue and of the configuration, and names that an operator gave to a managed server; no id and no text from outside but names of tools, of which
 * each server has a few of its own; so a hostile log or server makes no series without bound. Where the source documents have a name that breaks no
 * convention, the figure is shown under that name too.
 */
import type { Labels } from '../../domain/ports/metrics.ts'

export type MetricDeclaration = Readonly<{
  type: 'counter' | 'gauge' | 'histogram'
  help: string
  labels: readonly string[]
  /** Upper bounds, in the unit of the name. */
  buckets?: readonly number[]
  /** Of a counter: series that stand at 0 from the start, so that the first time something happens is an increase and not a new series. */
  startsWith?: readonly Labels[]
  /** Label sets that it may have; what would be one more is dropped, and counted. Default 1000. */
  maxSeries?: number
  /** The same figure under the name that the source documents have for it. */
  documents?: DocumentsName
}>

export type DocumentsName = Readonly<{
  name: string
  /** Our labels, each with the documents' name for it; those that are not named are summed up in none. */
  labels: Readonly<Record<string, string>>
  /** Only what has these labels. */
  where?: Labels
}>

/** Hundreds of servers, each in a few ways. */
const PER_SERVER = 10_000

/** From one disk write to the longest time-out of a request. */
const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
/** From one probe to an approval on the next morning. */
const WORKFLOW_SECONDS = [0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 43_200]

export const metricTable = {
  steward_build_info: { type: 'gauge', help: 'Always 1; the version of Steward is its label.', labels: ['version'] },

  steward_append_seconds: { type: 'histogram', help: 'Time of an append to the event log.', labels: ['outcome'], buckets: REQUEST_SECONDS },
  steward_appended_events_total: { type: 'counter', help: 'Events appended to the log.', labels: [] },

  steward_projection_lag_seconds: {
    type: 'gauge',
    help: 'Age of the oldest event that a read model has not taken in.',
    labels: ['projection'],
  },
  steward_projection_caught_up: { type: 'gauge', help: '1 when a read model stands at the head of the log.', labels: ['projection'] },
  steward_projection_events_total: { type: 'counter', help: 'Events folded into a read model.', labels: ['projection'] },
  steward_projection_parked: { type: 'gauge', help: '1 when an event stopped a read model.', labels: ['projection'] },
  steward_projection_rebuilds_total: { type: 'counter', help: 'Rebuilds of a read model.', labels: ['projection', 'outcome'] },

  steward_commands_total: { type: 'counter', help: 'Commands by what became of them.', labels: ['command', 'outcome'] },
  steward_command_seconds: { type: 'histogram', help: 'Time to handle a command.', labels: ['command'], buckets: REQUEST_SECONDS },
  steward_command_conflicts_total: {
    type: 'counter',
    help: 'Appends that were tried again because somebody wrote first.',
    labels: ['command'],
  },

  steward_process_events_total: { type: 'counter', help: 'Events that a process manager has handled.', labels: ['process'] },
  steward_process_lag_seconds: {
    type: 'gauge',
    help: 'Age of the oldest event that a process manager has not handled.',
    labels: ['process'],
  },
  steward_process_parked_instances: { type: 'gauge', help: 'Instances of a process that an event has stopped.', labels: ['process'] },
  steward_workflows_total: { type: 'counter', help: 'Workflows that reached an end.', labels: ['process', 'outcome'] },

  steward_effects_total: { type: 'counter', help: 'Effects by what became of them.', labels: ['effect', 'outcome'] },
  steward_effect_seconds: { type: 'histogram', help: 'Time that an effect took.', labels: ['effect'], buckets: WORKFLOW_SECONDS },
  steward_effects_running: { type: 'gauge', help: 'Effects that were started and have no outcome yet.', labels: [] },
  steward_effects_open: { type: 'gauge', help: 'Effects that were asked for and have no outcome, whoever runs them.', labels: [] },
  steward_effects_oldest_seconds: { type: 'gauge', help: 'Age of the oldest effect without an outcome; 0 when there is none.', labels: [] },
  steward_timers_total: {
    type: 'counter',
    help: 'Timers by what became of them.',
    labels: ['outcome'],
    startsWith: [{ outcome: 'elapsed' }],
  },
  steward_timers_pending: { type: 'gauge', help: 'Timers that wait for their time.', labels: [] },
  steward_timers_overdue_seconds: {
    type: 'gauge',
    help: 'How late the timer is that should have fired first; 0 when none is due.',
    labels: [],
  },

  steward_anomalies_total: { type: 'counter', help: 'Anomalies detected or reported.', labels: ['service', 'severity', 'source'] },
  steward_incidents_total: { type: 'counter', help: 'Incidents that reached an end.', labels: ['service', 'outcome'] },
  steward_incidents_open: { type: 'gauge', help: 'Incidents without an end, by where they stand.', labels: ['service', 'state'] },
  steward_incident_seconds: {
    type: 'histogram',
    help: 'Time from the first anomaly to the end of its incident.',
    labels: ['service', 'outcome'],
    buckets: WORKFLOW_SECONDS,
  },
  steward_actions_total: {
    type: 'counter',
    help: 'Executions of catalogued actions by what became of them.',
    labels: ['action', 'outcome'],
  },
  steward_rollbacks_total: { type: 'counter', help: 'Rollbacks by what became of them.', labels: ['action', 'outcome'] },
  steward_approvals_total: { type: 'counter', help: 'Approvals by what became of them.', labels: ['outcome'] },
  steward_approvals_pending: { type: 'gauge', help: 'Approvals that wait for a person.', labels: [] },
  steward_approval_wait_seconds: {
    type: 'histogram',
    help: 'Time that an approval waited for a person.',
    labels: ['outcome'],
    buckets: WORKFLOW_SECONDS,
  },
  steward_healing_stopped: {
    type: 'gauge',
    help: '1 while healing is stopped: by the switch for all instances, or by the file in the data directory of this one.',
    labels: ['by'],
  },
  steward_breakers_open: {
    type: 'gauge',
    help: 'Fingerprints, and actions of the catalogue, that failed so often that only people use them.',
    labels: ['of'],
  },

  steward_hosts: { type: 'gauge', help: 'Hosts that are registered.', labels: [] },
  steward_hosts_lost: { type: 'gauge', help: 'Hosts that cannot be reached now.', labels: [] },
  steward_targets: { type: 'gauge', help: 'Targets that are registered.', labels: ['service'] },
  steward_targets_paused: { type: 'gauge', help: 'Targets that are not watched because somebody paused them.', labels: ['service'] },
  steward_targets_unseen: {
    type: 'gauge',
    help: 'Targets of which a log or the service cannot be seen now, or was not looked at yet; without those that are paused.',
    labels: ['service'],
  },
  steward_targets_frozen: {
    type: 'gauge',
    help: 'Targets on which nothing runs until a person says what happened.',
    labels: ['service'],
  },

  steward_log_lines_total: { type: 'counter', help: 'Log lines read on hosts.', labels: ['service'] },
  steward_log_bytes_total: { type: 'counter', help: 'Log bytes read on hosts.', labels: ['service'] },
  steward_log_matches_total: {
    type: 'counter',
    help: 'Log lines that became part of an anomaly, by the fault that recognised them; unknown: critical, and no fault does.',
    labels: ['service', 'fault'],
  },
  steward_log_gaps_total: {
    type: 'counter',
    help: 'Stretches of log that could not be read any more.',
    labels: ['reason'],
    startsWith: [{ reason: 'truncated' }, { reason: 'rotated-away' }, { reason: 'replaced' }],
  },
  steward_log_blind: { type: 'gauge', help: 'Logs that this instance follows and cannot read now.', labels: ['reason'] },
  steward_polls_total: { type: 'counter', help: 'Polls of a target by what they found.', labels: ['probe', 'outcome'] },

  steward_ssh_connections: { type: 'gauge', help: 'Connections to hosts that are open.', labels: [] },
  steward_ssh_connects_total: { type: 'counter', help: 'Attempts to connect to a host.', labels: ['outcome'] },
  steward_ssh_execs_total: { type: 'counter', help: 'Programs run on hosts by what became of them.', labels: ['outcome'] },
  steward_ssh_exec_seconds: { type: 'histogram', help: 'Time that a program on a host took.', labels: [], buckets: REQUEST_SECONDS },

  steward_http_requests_total: {
    type: 'counter',
    help: 'HTTP requests. The route is the pattern, never the path.',
    labels: ['method', 'route', 'status'],
  },
  steward_http_request_seconds: {
    type: 'histogram',
    help: 'Time to answer an HTTP request.',
    labels: ['method', 'route'],
    buckets: REQUEST_SECONDS,
  },
  steward_http_streams: {
    type: 'gauge',
    help: 'Open event streams to clients.',
    labels: ['kind'],
    documents: { name: 'mcp_active_connections', labels: {}, where: { kind: 'websocket' } },
  },
  steward_http_streams_dropped_total: {
    type: 'counter',
    help: 'Event streams closed because the client read too slowly.',
    labels: ['kind'],
    startsWith: [{ kind: 'events' }],
  },

  steward_servers: { type: 'gauge', help: 'Managed servers that are registered, by what they are.', labels: ['state'] },
  steward_server_up: { type: 'gauge', help: '1 while a managed server runs.', labels: ['server'] },
  steward_server_healthy: {
    type: 'gauge',
    help: '1 while a managed server runs, answers and lists what it offers.',
    labels: ['server', 'transport'],
    documents: { name: 'mcp_server_health_status', labels: { server: 'server_name', transport: 'server_type' } },
  },
  steward_server_breaker_open: {
    type: 'gauge',
    help: '1 while calls of a managed server are refused because it has failed.',
    labels: ['server'],
  },
  steward_server_clients: { type: 'gauge', help: 'Sessions of clients with a managed server.', labels: ['server'] },
  steward_server_memory_bytes: {
    type: 'gauge',
    help: 'Resident memory of the process group of a managed server; shared pages count once for each process.',
    labels: ['server'],
  },
  steward_server_cpu_seconds_total: {
    type: 'counter',
    help: 'Processor time of the process groups of a managed server, as far as it was read.',
    labels: ['server'],
  },
  steward_server_failures_total: {
    type: 'counter',
    help: 'Lives of a managed server that ended by a failure, by its reason.',
    labels: ['server', 'reason'],
    maxSeries: PER_SERVER,
  },
  steward_server_operations_total: {
    type: 'counter',
    help: 'Starts and stops of managed servers by what became of them.',
    labels: ['operation', 'transport', 'outcome'],
    documents: {
      name: 'mcp_server_operations_total',
      labels: { operation: 'operation', transport: 'server_type', outcome: 'status' },
    },
  },
  steward_server_operation_seconds: {
    type: 'histogram',
    help: 'Time that a start or a stop of a managed server took.',
    labels: ['operation', 'transport'],
    buckets: REQUEST_SECONDS,
    documents: { name: 'mcp_server_operation_duration_seconds', labels: { operation: 'operation', transport: 'server_type' } },
  },
  steward_server_events_total: {
    type: 'counter',
    help: 'Events of managed servers.',
    labels: ['type', 'severity', 'category'],
    documents: { name: 'mcp_events_total', labels: { type: 'event_type', severity: 'severity', category: 'category' } },
  },
  steward_tools_quarantined: { type: 'gauge', help: 'Tools whose definition waits for an approval.', labels: [] },

  steward_server_calls_total: {
    type: 'counter',
    help: 'Tool calls for a managed server by what became of them.',
    labels: ['server', 'outcome'],
    maxSeries: PER_SERVER,
  },
  steward_server_call_seconds: {
    type: 'histogram',
    help: 'Time of the calls that were sent to a managed server.',
    labels: ['server'],
    buckets: REQUEST_SECONDS,
  },
  steward_server_call_bytes_total: {
    type: 'counter',
    help: 'Bytes of the calls that were sent to a managed server, and of its answers.',
    labels: ['server', 'direction'],
  },
  steward_tool_calls_total: {
    type: 'counter',
    help: 'Calls of a tool that were sent to its server.',
    labels: ['server', 'tool'],
    maxSeries: PER_SERVER,
  },
  steward_tool_call_errors_total: {
    type: 'counter',
    help: 'Calls of a tool that failed: an error, none in time, or none at all.',
    labels: ['server', 'tool'],
    maxSeries: PER_SERVER,
  },
  steward_usage_recorded_total: { type: 'counter', help: 'Tool calls written to the log.', labels: [] },
  steward_usage_dropped_total: {
    type: 'counter',
    help: 'Tool calls that could not be written to the log.',
    labels: ['reason'],
    startsWith: [{ reason: 'log-away' }, { reason: 'refused' }, { reason: 'stopped' }],
  },
  steward_usage_waiting_calls: { type: 'gauge', help: 'Tool calls that are not in the log yet.', labels: [] },

  steward_analyst_calls_total: { type: 'counter', help: 'Calls to the analyst by what became of them.', labels: ['model', 'outcome'] },
  steward_analyst_seconds: {
    type: 'histogram',
    help: 'Time that the analyst took to answer.',
    labels: ['model'],
    buckets: WORKFLOW_SECONDS,
  },
  steward_analyst_tokens_total: { type: 'counter', help: 'Tokens as billed.', labels: ['model', 'direction'] },

  steward_metric_samples_dropped_total: {
    type: 'counter',
    help: 'Figures not recorded, because they did not fit their declaration.',
    labels: ['reason'],
    startsWith: [
      { reason: 'undeclared' },
      { reason: 'wrong-kind' },
      { reason: 'wrong-labels' },
      { reason: 'not-a-figure' },
      { reason: 'too-many-series' },
    ],
  },
  steward_figures_readable: {
    type: 'gauge',
    help: '1 when the gauges of a source could be read for this page; 0: they are absent from it.',
    labels: ['source'],
  },
  steward_event_loop_lag_seconds: { type: 'gauge', help: 'Delay of the event loop since the last scrape.', labels: ['statistic'] },
  steward_heap_used_bytes: { type: 'gauge', help: 'JavaScript heap in use.', labels: [] },
  process_resident_memory_bytes: { type: 'gauge', help: 'Resident memory of the process.', labels: [] },
  process_cpu_seconds_total: { type: 'counter', help: 'User and system CPU time spent.', labels: [] },
  process_start_time_seconds: { type: 'gauge', help: 'Start time of the process since the Unix epoch.', labels: [] },
} as const satisfies Readonly<Record<string, MetricDeclaration>>

export type MetricName = keyof typeof metricTable

export const isMetricName = (name: string): name is MetricName => Object.hasOwn(metricTable, name)
