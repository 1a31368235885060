/**
 * Every setting once: its place in the file, its variables, its flag, its default and what it is for. The loader, `config print`,
 * `config init` and the flags of the command line are all made from this table.
 */
import { defaultModel } from '../domain/analysis/models.ts'

export type Setting = Readonly<{
  /** Where it stands in the YAML file. */
  path: string
  /** Environment variables, the first that is set wins; the later ones are names from the source documents. */
  variables: readonly string[]
  /** Of variables that have units of their own: what their text is as a setting. */
  reads?: Readonly<Record<string, (text: string) => string>>
  /** Secrets have none: what stands on a command line is seen by everybody on the machine. */
  flag?: string
  help: string
  /** As text; undefined: not set. */
  byDefault?: string
  example?: string
  /** `password`: a URL that may hold one. */
  secret?: 'whole' | 'password'
  /** A file or directory: relative to the YAML file when it stands there, else to the working directory. */
  isPath?: true
}>

/** A setting says its unit; the documents' variables mean seconds. */
const seconds = (text: string): string => (/^\d+$/.test(text) ? `${text}s` : text)

export const settings = [
  {
    path: 'listen',
    variables: ['STEWARD_LISTEN', 'MCP_BIND_HOST'],
    flag: 'listen',
    byDefault: '127.0.0.1:8080',
    help: 'Address and port of the one listener.',
    reads: { MCP_BIND_HOST: (host) => `${host.includes(':') ? `[${host}]` : host}:8080` },
  },
  {
    path: 'publicUrl',
    variables: ['STEWARD_PUBLIC_URL'],
    flag: 'public-url',
    example: 'https://steward.example.org',
    help: 'How the world reaches Steward: /mcp answers under its name, and live connections of pages from it are let in.',
  },
  {
    path: 'dataDir',
    variables: ['STEWARD_DATA_DIR'],
    flag: 'data-dir',
    byDefault: './.steward',
    isPath: true,
    help: 'Where the embedded database and the secrets live.',
  },
  {
    path: 'databaseUrl',
    variables: ['STEWARD_DATABASE_URL'],
    flag: 'database-url',
    byDefault: 'embedded',
    secret: 'password',
    example: 'postgresql://steward@db.example.org/steward',
    help: 'A PostgreSQL of your own, or the embedded one.',
  },
  {
    path: 'eventStore',
    variables: ['STEWARD_EVENT_STORE'],
    flag: 'event-store',
    byDefault: 'database',
    secret: 'password',
    example: 'esdb://127.0.0.1:2113?tls=false',
    help: 'Where the log lives: in the database, or in an EventStoreDB cluster.',
  },
  {
    path: 'allowInsecureEventStore',
    variables: ['STEWARD_ALLOW_INSECURE_EVENT_STORE'],
    flag: 'allow-insecure-event-store',
    byDefault: 'false',
    help: 'Permits an EventStoreDB on another machine without verified TLS.',
  },
  {
    path: 'namespace',
    variables: ['STEWARD_NAMESPACE'],
    flag: 'namespace',
    byDefault: 'steward',
    help: 'Keeps installations that share a server apart.',
  },
  {
    path: 'secretDirs',
    variables: ['STEWARD_SECRET_DIRS'],
    flag: 'secret-dirs',
    isPath: true,
    example: '/etc/steward/secrets',
    help: 'Where `file:` references may point; several are separated by colons. By default `secrets` in the data directory.',
  },
  {
    path: 'serversFile',
    variables: ['STEWARD_SERVERS_FILE'],
    flag: 'servers-file',
    isPath: true,
    example: '/etc/steward/servers.yaml',
    help: 'A file with the MCP servers as they should be, followed while Steward runs. Without it, servers are registered by commands.',
  },
  {
    path: 'builtIns',
    variables: ['STEWARD_BUILT_INS', 'MCP_SERVERS'],
    flag: 'built-ins',
    byDefault: '',
    example: 'calculator,filesystem',
    help: 'Servers that come with Steward: calculator, everything, filesystem. Those named are registered at the start, where they are missing.',
  },
  {
    path: 'discoveryDirs',
    variables: ['STEWARD_DISCOVERY_DIRS'],
    flag: 'discovery-dirs',
    isPath: true,
    byDefault: '',
    example: '/home/mira/projects',
    help: 'Where configurations of MCP clients and installed servers are looked for; several are separated by colons. By default nowhere.',
  },
  {
    path: 'discoveryHomes',
    variables: ['STEWARD_DISCOVERY_HOMES'],
    flag: 'discovery-homes',
    isPath: true,
    byDefault: '',
    example: '/home/mira',
    help: 'Home directories of which only the places are looked at where clients keep their configuration.',
  },
  {
    path: 'registryUrl',
    variables: ['STEWARD_REGISTRY_URL'],
    flag: 'registry-url',
    example: 'https://registry.modelcontextprotocol.io',
    help: 'An MCP registry whose servers discovery offers as well. By default none is asked.',
  },
  {
    path: 'secretVariables',
    variables: ['STEWARD_SECRET_VARIABLES'],
    flag: 'secret-variables',
    byDefault: '',
    example: 'DB_PASSWORD,REDIS_PASSWORD',
    help: 'Environment variables that `env:` references may name, separated by commas.',
  },
  {
    path: 'serverNetworks',
    variables: ['STEWARD_SERVER_NETWORKS'],
    flag: 'server-networks',
    byDefault: '',
    example: 'docs.internal=10.2.3.4,10.8.0.0/16',
    help: 'Where managed servers over HTTP may be beside the internet: networks, or NAME=NETWORK for servers of one name. By default nowhere.',
  },
  {
    path: 'policy',
    variables: ['STEWARD_POLICY'],
    flag: 'policy',
    isPath: true,
    example: './policy.yaml',
    help: 'What may run without a person. Without it, nothing does.',
  },
  {
    path: 'pollEvery',
    variables: ['STEWARD_POLL_EVERY'],
    flag: 'poll-every',
    byDefault: '15s',
    help: 'Time between two looks at what a service says of itself: faults that print no line, and its health.',
  },
  {
    path: 'servers.startAtOnce',
    variables: ['STEWARD_SERVERS_START_AT_ONCE', 'MCP_PARALLEL_STARTUP'],
    flag: 'servers-start-at-once',
    byDefault: '8',
    help: 'How many managed servers start at the same time.',
    reads: { MCP_PARALLEL_STARTUP: (text) => (text === 'true' ? '8' : text === 'false' ? '1' : text) },
  },
  {
    path: 'servers.startTimeout',
    variables: ['STEWARD_SERVERS_START_TIMEOUT', 'MCP_MAX_STARTUP_TIME'],
    flag: 'servers-start-timeout',
    byDefault: '60s',
    help: 'How long a server may take to be ready, where its registration says nothing.',
    reads: { MCP_MAX_STARTUP_TIME: seconds },
  },
  {
    path: 'servers.stopGrace',
    variables: ['STEWARD_SERVERS_STOP_GRACE', 'MCP_GRACEFUL_TIMEOUT'],
    flag: 'servers-stop-grace',
    byDefault: '5s',
    help: 'How long a server may take to end before it is killed, where its registration says nothing.',
    reads: { MCP_GRACEFUL_TIMEOUT: seconds },
  },
  {
    path: 'servers.healthEvery',
    variables: ['STEWARD_SERVERS_HEALTH_EVERY', 'MCP_HEALTH_CHECK_INTERVAL', 'TOOL_SERVER_HEALTH_CHECK_INTERVAL'],
    flag: 'servers-health-every',
    byDefault: '60s',
    help: 'Time between two probes of a server, where its registration says nothing.',
    reads: { MCP_HEALTH_CHECK_INTERVAL: seconds, TOOL_SERVER_HEALTH_CHECK_INTERVAL: seconds },
  },
  {
    path: 'servers.autoRestart',
    variables: ['STEWARD_SERVERS_AUTO_RESTART', 'MCP_AUTO_RESTART'],
    flag: 'servers-auto-restart',
    byDefault: 'true',
    help: 'Whether a server is restarted after a crash, where its registration says nothing.',
  },
  {
    path: 'servers.memory',
    variables: ['STEWARD_SERVERS_MEMORY', 'MCP_MEMORY_LIMIT'],
    flag: 'servers-memory',
    example: '1G',
    help: 'Memory a server may use, where its registration says nothing. Without it there is no limit.',
  },
  {
    path: 'servers.cpu',
    variables: ['STEWARD_SERVERS_CPU', 'MCP_CPU_QUOTA'],
    flag: 'servers-cpu',
    example: '80%',
    help: 'Processor time a server may use, 100% for one core, where its registration says nothing. Without it there is no limit.',
  },
  {
    path: 'servers.breakerFailures',
    variables: ['STEWARD_SERVERS_BREAKER_FAILURES', 'MCP_FAILURE_THRESHOLD'],
    flag: 'servers-breaker-failures',
    byDefault: '5',
    help: 'After so many calls in a row that a server did not answer, callers are told at once.',
  },
  {
    path: 'servers.breakerOpen',
    variables: ['STEWARD_SERVERS_BREAKER_OPEN', 'MCP_RECOVERY_TIMEOUT'],
    flag: 'servers-breaker-open',
    byDefault: '60s',
    help: 'How long, until one caller tries again.',
    reads: { MCP_RECOVERY_TIMEOUT: seconds },
  },
  {
    path: 'servers.logDir',
    variables: ['STEWARD_SERVERS_LOG_DIR', 'MCP_LOG_DIR'],
    flag: 'servers-log-dir',
    isPath: true,
    example: '/var/log/steward/servers',
    help: 'Where the error streams of servers are kept. By default `logs/servers` in the data directory.',
  },
  {
    path: 'usageRetention',
    variables: ['STEWARD_USAGE_RETENTION', 'TOOL_SERVER_USAGE_RETENTION_DAYS'],
    flag: 'usage-retention',
    byDefault: '90d',
    help: 'How long single calls and the figures of usage can be asked for. The log keeps everything.',
    reads: { TOOL_SERVER_USAGE_RETENTION_DAYS: (text) => (/^\d+$/.test(text) ? `${text}d` : text) },
  },
  {
    path: 'adminKey',
    variables: ['STEWARD_ADMIN_KEY'],
    secret: 'whole',
    example: `\${file:admin.key}`,
    help: 'The first key, at least 32 characters. Without it, one is made at the first start and printed once.',
  },
  {
    path: 'analyst.apiKey',
    variables: ['ANTHROPIC_API_KEY', 'CLAUDE_API_KEY'],
    secret: 'whole',
    example: `\${file:anthropic.key}`,
    help: 'Lets Claude look at what the catalogue does not know: templates and probe figures leave the house, no raw line. Without it, everything else works.',
  },
  {
    path: 'analyst.baseUrl',
    variables: ['ANTHROPIC_BASE_URL'],
    flag: 'analyst-base-url',
    example: 'https://api.anthropic.com',
    help: 'Another address of the Messages API, or of a service that speaks it. Templates, probe figures and the key are sent there.',
  },
  {
    path: 'analyst.model',
    variables: ['STEWARD_ANALYST_MODEL'],
    flag: 'analyst-model',
    byDefault: defaultModel,
    help: 'The model that is asked; it must know structured output. Retired ids are refused.',
  },
  {
    path: 'analyst.timeout',
    variables: ['STEWARD_ANALYST_TIMEOUT'],
    flag: 'analyst-timeout',
    byDefault: '60s',
    help: 'Longest wait for one answer, repeats included.',
  },
  {
    path: 'log.level',
    variables: ['STEWARD_LOG_LEVEL', 'LOG_LEVEL', 'MCP_LOG_LEVEL'],
    flag: 'log-level',
    byDefault: 'info',
    help: 'debug, info, warn, error or silent.',
    reads: { MCP_LOG_LEVEL: (word) => word.toLowerCase() },
  },
  {
    path: 'metrics.public',
    variables: ['STEWARD_METRICS_PUBLIC'],
    flag: 'metrics-public',
    byDefault: 'false',
    help: 'Whether /metrics answers without a key.',
  },
] as const satisfies readonly Setting[]

export type SettingPath = (typeof settings)[number]['path']

/** Variables of the source documents that say nothing here, and why. Whoever brings them along is told, instead of believing in them. */
export const withoutMeaning: ReadonlyMap<string, string> = new Map([
  ['MCP_TOOL_TIMEOUT', 'how long a call may take is said for each server, with --call-timeout'],
  ['MCP_PID_DIR', 'no server is found by a file: each carries a mark that no other process has'],
  ['MCP_POOL_MIN_SIZE', 'servers keep no connections to the database of Steward'],
  ['MCP_POOL_MAX_SIZE', 'servers keep no connections to the database of Steward'],
  ['MCP_CACHE_SIZE', 'it is given to the server that has a cache, with --env'],
  ['MCP_CACHE_TTL', 'it is given to the server that has a cache, with --env'],
  ['MCP_BATCH_SIZE', 'it is given to the server that works in batches, with --env'],
  ['MCP_MEMORY_PORT', 'servers speak over their standard streams and need no port; all are reached at /mcp/<server>'],
  [
    'TOOL_SERVER_AUTO_UPDATE_INTERVAL',
    'tools are listed when a server begins to run, when it says that they changed, and at least every hour',
  ],
  ['TOOL_SERVER_CLEANUP_INTERVAL', 'what is past its time is dropped once a day'],
  ['MCP_ENABLED', 'each server is enabled and disabled by itself'],
  ['MCP_ARCHIVE_LOGS', 'the files of the last five lives of a server are kept, each bounded'],
  ['MCP_CLEANUP_LOGS', 'the files of the last five lives of a server are kept, each bounded'],
])

/** Variables that begin with STEWARD_ and are not the service's: the command line's, and the path of the file itself. */
export const otherVariables: readonly string[] = ['STEWARD_CONFIG', 'STEWARD_URL', 'STEWARD_API_KEY', 'STEWARD_API_KEY_FILE']
