// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the syntax under test
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { configTemplate, describeConfig } from '../../src/config/describe.ts'
import { settings } from '../../src/config/settings.ts'
import { ConfigInvalid, type LoadOptions, loadConfig } from '../../src/config.ts'

const ADMIN_KEY = 'abcdefgh-abcdefgh-abcdefgh-abcdefgh'
let cwd: string
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'steward-config-'))
})
afterEach(() => {
  rmSync(cwd, { recursive: true, force: true })
})

const write = (name: string, text: string): string => {
  const path = join(cwd, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, text)
  return path
}
const load = (options: Partial<LoadOptions> = {}) => loadConfig({ env: {}, cwd, ...options })
const loadYaml = (text: string, env: LoadOptions['env'] = {}) => {
  write('steward.yaml', text)
  return load({ env: { STEWARD_CONFIG: 'steward.yaml', ...env } })
}
const problemsOf = (attempt: () => unknown) => {
  try {
    attempt()
  } catch (error) {
    if (error instanceof ConfigInvalid)
      return error.problems.map((problem) => ({ ...problem, place: problem.place.replace(`${cwd}/`, '') }))
    throw error
  }
  return []
}

test('without anything, the defaults hold', () => {
  expect(load().config).toStrictEqual({
    listen: { host: '127.0.0.1', port: 8080 },
    dataDir: join(cwd, '.steward'),
    databaseUrl: { kind: 'embedded' },
    eventStore: { kind: 'database' },
    allowInsecureEventStore: false,
    namespace: 'steward',
    secretDirs: [join(cwd, '.steward', 'secrets')],
    secretVariables: [],
    builtIns: [],
    discoveryDirs: [],
    discoveryHomes: [],
    serverNetworks: [],
    pollEveryMs: 15_000,
    servers: {
      startAtOnce: 8,
      usual: { autoRestart: true, startTimeoutMs: 60_000, stopGraceMs: 5_000, healthEveryMs: 60_000, limits: {} },
      breaker: { failuresToOpen: 5, openMs: 60_000 },
      logDir: join(cwd, '.steward', 'logs', 'servers'),
    },
    usageRetentionMs: 90 * 86_400_000,
    policy: {
      auto: [],
      ceilings: {},
      actionsPerHostPerHour: 6,
      windowMs: 10_000,
      approversNeeded: 1,
      version: expect.stringMatching(/^[0-9a-f]{64}$/),
    },
    analyst: { model: 'claude-sonnet-5-5', timeoutMs: 60_000 },
    log: { level: 'info' },
    metrics: { public: false },
  })
})

test('defaults are weaker than the file, the file than the environment, the environment than flags', () => {
  write('steward.yaml', 'namespace: file\nlog: {level: debug}\nlisten: 127.0.0.1:1\n')
  const { config, entries } = load({
    env: { STEWARD_CONFIG: 'steward.yaml', STEWARD_LISTEN: '127.0.0.1:2', STEWARD_NAMESPACE: 'env' },
    flags: { listen: '127.0.0.1:3' },
  })
  expect(config.listen.port).toBe(3)
  expect(config.namespace).toBe('env')
  expect(config.log.level).toBe('debug')
  expect(entries.get('listen')?.source).toStrictEqual({ kind: 'flag', flag: '--listen' })
  expect(entries.get('namespace')?.source).toStrictEqual({ kind: 'environment', variable: 'STEWARD_NAMESPACE' })
  expect(entries.get('log.level')?.source).toStrictEqual({ kind: 'file', place: `${join(cwd, 'steward.yaml')}:2` })
  expect(entries.get('dataDir')?.source).toStrictEqual({ kind: 'default' })
})

test('the result is frozen to its depth', () => {
  const { config } = load()
  expect(() => Object.assign(config.analyst, { model: 'x' })).toThrow(TypeError)
  expect(() => Object.assign(config.policy.ceilings, { x: 1 })).toThrow(TypeError)
})

test('an empty variable is one that is not set', () => {
  expect(load({ env: { STEWARD_LISTEN: '', ANTHROPIC_API_KEY: '' } }).config.listen.port).toBe(8080)
})

test('the name that the documents use for the key is accepted, and weaker than the own one', () => {
  expect(load({ env: { CLAUDE_API_KEY: 'one' } }).config.analyst.apiKey?.reveal()).toBe('one')
  expect(load({ env: { CLAUDE_API_KEY: 'one', ANTHROPIC_API_KEY: 'two' } }).config.analyst.apiKey?.reveal()).toBe('two')
})

test('relative paths in the file begin at the file, elsewhere at the working directory', () => {
  write('etc/steward.yaml', 'dataDir: data\nsecretDirs: [secrets, /run/secrets]\n')
  const { config } = load({ env: { STEWARD_CONFIG: 'etc/steward.yaml' } })
  expect(config.dataDir).toBe(join(cwd, 'etc/data'))
  expect(config.secretDirs).toStrictEqual([join(cwd, 'etc/secrets'), '/run/secrets'])
  expect(load({ env: { STEWARD_SECRET_DIRS: 'a:/b' } }).config.secretDirs).toStrictEqual([join(cwd, 'a'), '/b'])
})

describe('listen', () => {
  test.each([
    ['0.0.0.0:0', { host: '0.0.0.0', port: 0 }],
    ['[::1]:8080', { host: '::1', port: 8080 }],
    ['localhost:65535', { host: 'localhost', port: 65_535 }],
  ])('%s', (listen, parsed) => {
    expect(load({ env: { STEWARD_LISTEN: listen } }).config.listen).toStrictEqual(parsed)
  })

  test.each(['8080', ':8080', 'localhost', 'localhost:65536', '::1:8080', 'http://localhost:80', 'a b:1'])('%s is refused', (listen) => {
    expect(problemsOf(() => load({ env: { STEWARD_LISTEN: listen } }))).toStrictEqual([
      {
        place: 'STEWARD_LISTEN',
        field: 'listen',
        rule: 'must be host:port, such as 127.0.0.1:8080 or [::1]:8080, with a port of 0 to 65535',
      },
    ])
  })
})

describe('what is refused, with place, field and rule', () => {
  test.each<[string, LoadOptions['env'], string, RegExp]>([
    [
      'a network with bits behind its prefix',
      { STEWARD_SERVER_NETWORKS: '10.2.0.0/16,10.2.3.4/16' },
      'serverNetworks',
      /not 10\.2\.3\.4\/16/,
    ],
    ['a short admin key', { STEWARD_ADMIN_KEY: 'x'.repeat(31) }, 'adminKey', /at least 32/],
    ['a long but simple admin key', { STEWARD_ADMIN_KEY: 'x'.repeat(40) }, 'adminKey', /at least 8 of them different/],
    ['a database of another kind', { STEWARD_DATABASE_URL: 'mysql://db/x' }, 'databaseUrl', /postgresql:\/\//],
    ['an event store of another kind', { STEWARD_EVENT_STORE: 'kafka://x' }, 'eventStore', /esdb:\/\//],
    [
      'an event store over the net without TLS',
      { STEWARD_EVENT_STORE: 'esdb://es.example.org:2113?tls=false' },
      'eventStore',
      /verified TLS/,
    ],
    [
      'one node of three without this machine',
      { STEWARD_EVENT_STORE: 'esdb://127.0.0.1:1,10.0.0.1:2?TLS=FALSE' },
      'eventStore',
      /verified TLS/,
    ],
    ['TLS that nobody verifies', { STEWARD_EVENT_STORE: 'esdb://a:b@es.example.org?tlsVerifyCert=false' }, 'eventStore', /verified TLS/],
    ['a namespace that PostgreSQL keeps', { STEWARD_NAMESPACE: 'pg_x' }, 'namespace', /pg_/],
    ['a namespace that is none', { STEWARD_NAMESPACE: 'a"; drop' }, 'namespace', /a letter/],
    ['a retired model', { STEWARD_ANALYST_MODEL: 'claude-3-5-sonnet-20241022' }, 'analyst.model', /is retired; use claude-sonnet-5-5/],
    ['a retired small model', { STEWARD_ANALYST_MODEL: 'claude-3-haiku-20240307' }, 'analyst.model', /use claude-haiku-5-5/],
    ['a key sent in the clear', { ANTHROPIC_BASE_URL: 'http://proxy.example.org' }, 'analyst.baseUrl', /https/],
    ['an analyst that may outlast its question', { STEWARD_ANALYST_TIMEOUT: '3m' }, 'analyst.timeout', /between 1s and 100s/],
    ['a time without a unit', { STEWARD_ANALYST_TIMEOUT: '60' }, 'analyst.timeout', /with its unit/],
    ['a public URL with a path', { STEWARD_PUBLIC_URL: 'https://x/y' }, 'publicUrl', /without a path/],
    ['a level that is none', { STEWARD_LOG_LEVEL: 'loud' }, 'log.level', /debug, info/],
    ['a switch that is none', { STEWARD_METRICS_PUBLIC: 'maybe' }, 'metrics.public', /true or false/],
  ])('%s', (_, env, field, rule) => {
    const [variable] = Object.keys(env)
    expect(problemsOf(() => load({ env }))).toStrictEqual([{ place: variable, field, rule: expect.stringMatching(rule) }])
  })

  test('an event store on this machine needs no TLS, and another one by permission', () => {
    expect(load({ env: { STEWARD_EVENT_STORE: 'esdb://127.0.0.1:2113?tls=false' } }).config.eventStore.kind).toBe('eventstoredb')
    const env = { STEWARD_EVENT_STORE: 'esdb://es:2113?tls=false', STEWARD_ALLOW_INSECURE_EVENT_STORE: 'true' }
    expect(load({ env }).config.eventStore.kind).toBe('eventstoredb')
  })

  test('all of it at once, each in its line', () => {
    expect(problemsOf(() => loadYaml('listen: nowhere\nlog:\n  level: loud\n  colour: true\nnamespaces: x\n'))).toStrictEqual([
      { place: 'steward.yaml:1', field: 'listen', rule: expect.stringContaining('must be host:port') },
      { place: 'steward.yaml:3', field: 'log.level', rule: 'must be debug, info, warn, error or silent' },
      { place: 'steward.yaml:4', field: 'log.colour', rule: 'is unknown; known here: level' },
      { place: 'steward.yaml:5', field: 'namespaces', rule: 'is unknown; did you mean namespace?' },
    ])
  })

  test('a key in another style is recognised', () => {
    expect(problemsOf(() => loadYaml('data_dir: x\n'))).toMatchObject([{ rule: 'is unknown; did you mean dataDir?' }])
  })

  test('a shape that is none', () => {
    expect(problemsOf(() => loadYaml('log: debug\nlisten: [1]\n'))).toMatchObject([
      { place: 'steward.yaml:2', field: 'listen' },
      { place: 'steward.yaml:1', field: 'log' },
    ])
    expect(problemsOf(() => loadYaml('- a\n'))).toMatchObject([{ place: 'steward.yaml:1', rule: 'must be a mapping of names to values' }])
  })

  test('what is no YAML, a key twice, a tag that nobody knows', () => {
    expect(problemsOf(() => loadYaml('a: [1\nb: 2\n'))[0]?.place).toMatch(/^steward.yaml:[12]$/)
    expect(problemsOf(() => loadYaml('listen: a:1\nlisten: b:1\n'))).toMatchObject([{ place: 'steward.yaml:2' }])
    expect(problemsOf(() => loadYaml('listen: !env LISTEN\n'))).toMatchObject([{ place: 'steward.yaml:1' }])
  })

  test('a file that is not there', () => {
    expect(problemsOf(() => load({ env: { STEWARD_CONFIG: 'none.yaml' } }))).toStrictEqual([
      { place: 'none.yaml', field: 'STEWARD_CONFIG', rule: 'cannot be read (ENOENT)' },
    ])
  })

  test('a misspelt variable, with the one that was meant; a foreign one only gets a warning', () => {
    expect(problemsOf(() => load({ env: { STEWARD_ADMINKEY: ADMIN_KEY } }))).toStrictEqual([
      { place: 'STEWARD_ADMINKEY', field: 'STEWARD_ADMINKEY', rule: 'is unknown; did you mean STEWARD_ADMIN_KEY?' },
    ])
    expect(load({ env: { STEWARD_SERVICE_HOST: '10.0.0.1', STEWARD_PORT_8080_TCP: 'tcp://x' } }).warnings).toHaveLength(2)
    expect(load({ env: { STEWARD_URL: 'http://x', STEWARD_API_KEY: 'k', STEWARD_API_KEY_FILE: 'f' } }).warnings).toHaveLength(0)
  })

  test('an unknown flag', () => {
    expect(problemsOf(() => load({ flags: { 'data-dri': 'x' } }))).toMatchObject([
      { place: '--data-dri', rule: 'is unknown; did you mean data-dir?' },
    ])
  })

  test('no message holds a secret', () => {
    const canary = 'CANARY'.repeat(3)
    const env = {
      STEWARD_ADMIN_KEY: canary,
      STEWARD_DATABASE_URL: `mysql://a:${canary}@h`,
      STEWARD_EVENT_STORE: `esdb://a:${canary}@h?tls=false`,
    }
    expect(JSON.stringify(problemsOf(() => load({ env })))).not.toContain('CANARY')
  })
})

describe('references in the file', () => {
  test('a variable, a fallback, a file, and a plain sign', () => {
    write('key.txt', `${ADMIN_KEY}\n`)
    const { config } = loadYaml('listen: "${HOST}:${PORT:-9000}"\nadminKey: ${file:key.txt}\nanalyst:\n  apiKey: "a$${b}"\n', {
      HOST: 'localhost',
      PORT: '',
    })
    expect(config.listen).toStrictEqual({ host: 'localhost', port: 9000 })
    expect(config.adminKey?.reveal()).toBe(ADMIN_KEY)
    expect(config.analyst.apiKey?.reveal()).toBe('a${b}')
  })

  test('what they bring is neither YAML nor a reference', () => {
    const { config } = loadYaml('analyst: { apiKey: "${KEY}" }\n', { KEY: '{a:${OTHER}}' })
    expect(config.analyst.apiKey?.reveal()).toBe('{a:${OTHER}}')
  })

  test('only in the file: a variable is taken as it is', () => {
    expect(load({ env: { ANTHROPIC_API_KEY: 'a${HOME}' } }).config.analyst.apiKey?.reveal()).toBe('a${HOME}')
  })

  test.each([
    ['listen: ${NOWHERE}', /environment variable NOWHERE, which is not set/],
    ['listen: ${file:none}', /the file none, which cannot be read \(ENOENT\)/],
    ['listen: "${"', /is none of/],
    ['listen: ${9}', /is none of/],
  ])('%s is refused', (yaml, rule) => {
    expect(problemsOf(() => loadYaml(`\n${yaml}\n`))).toContainEqual({
      place: 'steward.yaml:2',
      field: 'listen',
      rule: expect.stringMatching(rule),
    })
  })
})

describe('config print', () => {
  const env = { STEWARD_ADMIN_KEY: ADMIN_KEY, STEWARD_DATABASE_URL: 'postgresql://app:canary@db/x', ANTHROPIC_API_KEY: 'canary-key' }

  test('says of each setting what it is and where it came from, without secrets', () => {
    const described = describeConfig(load({ env }), { redacted: true })
    expect(described).toHaveLength(settings.length)
    expect(JSON.stringify(described)).not.toMatch(/canary|abcdefgh/)
    expect(described).toContainEqual({ path: 'databaseUrl', value: 'postgresql://app:[redacted]@db/x', source: 'STEWARD_DATABASE_URL' })
    expect(described).toContainEqual({ path: 'adminKey', value: '[secret]', source: 'STEWARD_ADMIN_KEY' })
    expect(described).toContainEqual({ path: 'listen', value: '127.0.0.1:8080', source: 'default' })
  })

  test('what came out of a file is masked, whatever the setting', () => {
    write('x', 'canary')
    expect(JSON.stringify(describeConfig(loadYaml('namespace: ${file:x}\n'), { redacted: true }))).not.toContain('canary')
  })

  test('unmasked only when it is asked for', () => {
    expect(describeConfig(load({ env }), { redacted: false })).toContainEqual({
      path: 'adminKey',
      value: ADMIN_KEY,
      source: 'STEWARD_ADMIN_KEY',
    })
  })

  test('the configuration itself prints no secret', () => {
    expect(inspect(load({ env }).config, { depth: 9 }) + JSON.stringify(load({ env }).config)).not.toMatch(/canary|abcdefgh/)
  })
})

describe('config init', () => {
  test('as it is, it sets nothing', () => {
    expect(loadYaml(configTemplate()).config).toStrictEqual(load().config)
  })

  test('names every setting with its variables', () => {
    for (const { variables } of settings) for (const variable of variables) expect(configTemplate()).toContain(variable)
  })

  test('every line that is commented out can be put in', () => {
    for (const name of ['admin.key', 'anthropic.key']) write(name, ADMIN_KEY)
    write('policy.yaml', '')
    expect(() =>
      loadYaml(
        configTemplate()
          .replace(/^( *)# ([a-zA-Z]+: .*)$/gm, '$1$2')
          .replace(/^secretVariables: .*$/m, ''),
      ),
    ).not.toThrow()
  })
})

describe('the start scripts of the documents', () => {
  test('are understood by their own variables, in their own units', () => {
    const { config, warnings } = load({
      env: {
        MCP_LOG_DIR: '/var/log/mcp',
        MCP_PARALLEL_STARTUP: 'false',
        MCP_MAX_STARTUP_TIME: '90',
        MCP_HEALTH_CHECK_INTERVAL: '2',
        MCP_AUTO_RESTART: 'false',
        MCP_MEMORY_LIMIT: '1G',
        MCP_CPU_QUOTA: '80%',
        MCP_FAILURE_THRESHOLD: '3',
        MCP_RECOVERY_TIMEOUT: '30',
        MCP_GRACEFUL_TIMEOUT: '10',
        MCP_LOG_LEVEL: 'DEBUG',
        MCP_BIND_HOST: '127.0.0.1',
      },
    })
    expect(config.servers).toStrictEqual({
      startAtOnce: 1,
      usual: {
        autoRestart: false,
        startTimeoutMs: 90_000,
        stopGraceMs: 10_000,
        healthEveryMs: 2_000,
        limits: { memoryBytes: 2 ** 30, cpuCores: 0.8 },
      },
      breaker: { failuresToOpen: 3, openMs: 30_000 },
      logDir: '/var/log/mcp',
    })
    expect(config.log.level).toBe('debug')
    expect(config.listen).toStrictEqual({ host: '127.0.0.1', port: 8080 })
    expect(warnings).toStrictEqual([])
  })
  test('on tool servers are understood too, and an interval that is fixed here says so', () => {
    const env = { MCP_SERVERS: 'filesystem,calculator', TOOL_SERVER_HEALTH_CHECK_INTERVAL: '300', TOOL_SERVER_USAGE_RETENTION_DAYS: '30' }
    const given = load({
      env: { ...env, TOOL_SERVER_AUTO_UPDATE_INTERVAL: '3600', TOOL_SERVER_CLEANUP_INTERVAL: '86400', MCP_ENABLED: 'true' },
    })
    expect(given.config.servers.usual.healthEveryMs).toBe(300_000)
    expect(given.config.usageRetentionMs).toBe(30 * 86_400_000)
    expect(given.config.builtIns).toStrictEqual(['filesystem', 'calculator'])
    expect(given.warnings.map((each) => each.split(' ')[0])).toStrictEqual([
      'TOOL_SERVER_AUTO_UPDATE_INTERVAL',
      'TOOL_SERVER_CLEANUP_INTERVAL',
      'MCP_ENABLED',
    ])
    expect(load().config.usageRetentionMs).toBe(90 * 86_400_000)
  })
  test('give way to the names of Steward', () => {
    const env = { MCP_MEMORY_LIMIT: '1G', STEWARD_SERVERS_MEMORY: '512MiB', MCP_PARALLEL_STARTUP: 'true' }
    const { servers } = load({ env }).config
    expect(servers.usual.limits).toStrictEqual({ memoryBytes: 512 * 2 ** 20 })
    expect(servers.startAtOnce).toBe(8)
  })
  test.for([
    ...['MCP_LOG_DIR=/l', 'MCP_PID_DIR=/p', 'MCP_PARALLEL_STARTUP=true', 'MCP_MAX_STARTUP_TIME=61', 'MCP_HEALTH_CHECK_INTERVAL=2'],
    ...[
      'MCP_AUTO_RESTART=false',
      'MCP_MEMORY_LIMIT=1G',
      'MCP_CPU_QUOTA=80%',
      'MCP_CACHE_SIZE=1000',
      'MCP_CACHE_TTL=300',
      'MCP_BATCH_SIZE=100',
    ],
    ...['MCP_POOL_MIN_SIZE=10', 'MCP_POOL_MAX_SIZE=20', 'MCP_FAILURE_THRESHOLD=6', 'MCP_RECOVERY_TIMEOUT=61', 'MCP_LOG_LEVEL=DEBUG'],
    ...['MCP_MEMORY_PORT=9003', 'MCP_BIND_HOST=127.0.0.1', 'MCP_GRACEFUL_TIMEOUT=10', 'MCP_ARCHIVE_LOGS=true', 'MCP_CLEANUP_LOGS=false'],
    ...['MCP_TOOL_TIMEOUT=30'],
  ])('%s decides something, or is said to decide nothing', (assignment) => {
    const [name = '', value] = assignment.split('=')
    const { entries, warnings } = load({ env: { [name]: value } })
    const decides = [...entries.values()].some(({ source }) => source.kind === 'environment' && source.variable === name)
    const told = warnings.some((warning) => warning.startsWith(`${name} `))
    expect({ decides, told }).toStrictEqual(decides ? { decides: true, told: false } : { decides: false, told: true })
  })
  test('are told which of their variables say nothing here', () => {
    const { warnings } = load({ env: { MCP_PID_DIR: '/run', MCP_POOL_MAX_SIZE: '50', MCP_CACHE_SIZE: '' } })
    expect(warnings.map((each) => each.split(' ')[0])).toStrictEqual(['MCP_PID_DIR', 'MCP_POOL_MAX_SIZE'])
  })
  test.for([
    ['MCP_MEMORY_LIMIT', 'much', 'must be a size with its unit, such as 512M or 2G'],
    ['MCP_MEMORY_LIMIT', '1M', 'must be between 16M and 8T'],
    ['MCP_CPU_QUOTA', '-1', 'must be a share of a core, such as 80%, or a number of cores, such as 1.5'],
    ['MCP_PARALLEL_STARTUP', 'yes', 'must be a whole number from 1 to 256'],
    ['MCP_MAX_STARTUP_TIME', '0', 'must be between 1s and 10m'],
    ['MCP_FAILURE_THRESHOLD', '0', 'must be a whole number from 1 to 1000'],
    ['MCP_SERVERS', 'filesystem,browser', 'must be names of calculator, everything, filesystem: not browser'],
    ['TOOL_SERVER_USAGE_RETENTION_DAYS', '0', 'must be between 1d and 3650d'],
    ['TOOL_SERVER_USAGE_RETENTION_DAYS', 'for ever', 'must be a length of time with its unit, such as 500ms, 10s, 5m or 2h'],
    ['MCP_LOG_LEVEL', 'chatty', 'must be debug, info, warn, error or silent'],
  ] as const)('%s=%s is refused by its name', ([name, value, rule]) => {
    expect(problemsOf(() => load({ env: { [name]: value } }))).toMatchObject([{ place: name, rule }])
  })
})
