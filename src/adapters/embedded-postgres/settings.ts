/** The settings of the bundled server: small, private, and durable. */

/**
 * Written into postgresql.conf when a cluster is made, so that an operator can change them with `alter system`.
 * Durability is PostgreSQL's own default, written out because everything here rests on it: an acknowledged event survives any kill.
 */
export const CLUSTER_SETTINGS: Readonly<Record<string, string>> = {
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  max_connections: '100',
  shared_buffers: '64MB',
  // Nobody replicates from here; less is written.
  wal_level: 'minimal',
  max_wal_senders: '0',
  // Our queries are short: planning a compilation or starting workers costs more than it saves. And parallel workers need /dev/shm,
  // which in a container is small.
  jit: 'off',
  max_parallel_workers_per_gather: '0',
  max_parallel_maintenance_workers: '0',
  io_method: 'sync',
  timezone: 'UTC',
  log_timezone: 'UTC',
}

/**
 * Given at every start, because the launcher depends on them: only a socket in a directory of our own, only the server's own messages
 * on standard error, in the language that the launcher reads. Statements and rows never reach the log.
 */
export const launchSettings = (socketDirectory: string): Readonly<Record<string, string>> => ({
  listen_addresses: '',
  port: '5432',
  // A list: quotes keep a comma or a space in the path from ending the name.
  unix_socket_directories: `"${socketDirectory.replaceAll('"', '""')}"`,
  unix_socket_permissions: '0700',
  logging_collector: 'off',
  log_destination: 'stderr',
  log_line_prefix: '%e ',
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'default',
  log_checkpoints: 'off',
  lc_messages: 'C',
})

/** As arguments of `initdb` (`--set`) or `postgres` (`-c`). */
export const asArguments = (flag: '--set' | '-c', settings: Readonly<Record<string, string>>): string[] =>
  Object.entries(settings).flatMap(([name, value]) => [flag, `${name}=${value}`])
