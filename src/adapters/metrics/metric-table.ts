/**
 * Every metric there is: name, kind, help and labels. Base units, counters end in `_total`, and labels take few values: names that an
 * operator registered and words from our own code, never text from outside.
 */
export type MetricDeclaration = Readonly<{
  type: 'counter' | 'gauge' | 'histogram'
  help: string
  labels: readonly string[]
  /** Upper bounds, in the unit of the name. */
  buckets?: readonly number[]
}>

/** From one disk write to the longest time-out of a request. */
const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
/** From one probe to an approval on the next morning. */
const WORKFLOW_SECONDS = [0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 43_200]

export const metricTable = {
  steward_build_info: { type: 'gauge', help: 'Always 1; the version of Steward is its label.', labels: ['version'] },

  steward_append_seconds: { type: 'histogram', help: 'Time of an append to the event log.', labels: ['outcome'], buckets: REQUEST_SECONDS },
  steward_appended_events_total: { type: 'counter', help: 'Events appended to the log.', labels: [] },
  steward_append_batch_events: {
    type: 'histogram',
    help: 'Events that one transaction of the append queue held.',
    labels: [],
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
  },
  steward_subscription_restarts_total: {
    type: 'counter',
    help: 'Subscriptions to the log that had to be opened again.',
    labels: ['reason'],
  },

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
  steward_timers_total: { type: 'counter', help: 'Timers by what became of them.', labels: ['outcome'] },
  steward_timers_pending: { type: 'gauge', help: 'Timers that wait for their time.', labels: [] },

  steward_anomalies_total: { type: 'counter', help: 'Anomalies detected or reported.', labels: ['service', 'severity', 'source'] },
  steward_incidents_total: { type: 'counter', help: 'Incidents that reached an end.', labels: ['service', 'outcome'] },
  steward_incidents_open: { type: 'gauge', help: 'Incidents without an end.', labels: ['service'] },
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
  steward_targets_frozen: { type: 'gauge', help: 'Targets on which nothing runs until a person says what happened.', labels: [] },
  steward_healing_stopped: { type: 'gauge', help: '1 while healing is stopped.', labels: [] },
  steward_breaker_open: { type: 'gauge', help: '1 while a breaker lets nothing through.', labels: ['breaker'] },

  steward_log_lines_total: { type: 'counter', help: 'Log lines read on hosts.', labels: ['service'] },
  steward_log_bytes_total: { type: 'counter', help: 'Log bytes read on hosts.', labels: ['service'] },
  steward_log_matches_total: { type: 'counter', help: 'Log lines that a fault recognised.', labels: ['service', 'fault'] },
  steward_log_gaps_total: { type: 'counter', help: 'Stretches of log that could not be read any more.', labels: ['reason'] },
  steward_log_blind: { type: 'gauge', help: 'Logs that cannot be read now.', labels: ['reason'] },
  steward_polls_total: { type: 'counter', help: 'Polls of a target by what they found.', labels: ['probe', 'outcome'] },

  steward_ssh_connections: { type: 'gauge', help: 'Connections to hosts by state.', labels: ['state'] },
  steward_ssh_connects_total: { type: 'counter', help: 'Attempts to connect to a host.', labels: ['outcome'] },
  steward_ssh_execs_total: { type: 'counter', help: 'Programs run on hosts.', labels: ['outcome'] },
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
  steward_http_streams: { type: 'gauge', help: 'Open event streams to clients.', labels: ['kind'] },
  steward_http_streams_dropped_total: {
    type: 'counter',
    help: 'Event streams closed because the client read too slowly.',
    labels: ['kind'],
  },

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
  },
  steward_event_loop_lag_seconds: { type: 'gauge', help: 'Delay of the event loop since the last scrape.', labels: ['statistic'] },
  steward_heap_used_bytes: { type: 'gauge', help: 'JavaScript heap in use.', labels: [] },
  process_resident_memory_bytes: { type: 'gauge', help: 'Resident memory of the process.', labels: [] },
  process_cpu_seconds_total: { type: 'counter', help: 'User and system CPU time spent.', labels: [] },
  process_start_time_seconds: { type: 'gauge', help: 'Start time of the process since the Unix epoch.', labels: [] },
} as const satisfies Readonly<Record<string, MetricDeclaration>>

export type MetricName = keyof typeof metricTable

export const isMetricName = (name: string): name is MetricName => Object.hasOwn(metricTable, name)
