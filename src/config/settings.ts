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

export const settings = [
  {
    path: 'listen',
    variables: ['STEWARD_LISTEN'],
    flag: 'listen',
    byDefault: '127.0.0.1:8080',
    help: 'Address and port of the one listener.',
  },
  {
    path: 'publicUrl',
    variables: ['STEWARD_PUBLIC_URL'],
    flag: 'public-url',
    example: 'https://steward.example.org',
    help: 'How the world reaches Steward, for links in messages.',
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
    path: 'secretVariables',
    variables: ['STEWARD_SECRET_VARIABLES'],
    flag: 'secret-variables',
    byDefault: '',
    example: 'DB_PASSWORD,REDIS_PASSWORD',
    help: 'Environment variables that `env:` references may name, separated by commas.',
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
    help: 'Another address of the Messages API, or of a service that speaks it. Incidents and the key are sent there.',
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
    variables: ['STEWARD_LOG_LEVEL', 'LOG_LEVEL'],
    flag: 'log-level',
    byDefault: 'info',
    help: 'debug, info, warn, error or silent.',
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

/** Variables that begin with STEWARD_ and are not the service's: the command line's, and the path of the file itself. */
export const otherVariables: readonly string[] = ['STEWARD_CONFIG', 'STEWARD_URL', 'STEWARD_API_KEY', 'STEWARD_API_KEY_FILE']
