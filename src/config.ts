/**
 * The configuration: defaults < YAML file < environment < flags, checked as a whole, frozen. Nothing else in the program reads the
 * environment. Whatever is wrong is said at once, and Steward does not start.
 */
import { readFileSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { expand } from './config/expand.ts'
import { parsePolicy, policyWithoutFile } from './config/policy-file.ts'
import { ConfigInvalid, type ConfigProblem, nearest, unknownName } from './config/problem.ts'
import { problemsOf } from './config/problems-of.ts'
import { type Settings, settingsSchema } from './config/schema.ts'
import { otherVariables, type Setting, type SettingPath, settings, withoutMeaning } from './config/settings.ts'
import { isRecord, readYaml, type YamlFile } from './config/yaml-file.ts'
import type { Policy } from './domain/policy.ts'
import type { BreakerLimits } from './domain/server/breaker.ts'
import type { UsualServer } from './domain/server/config.ts'

export { ConfigInvalid } from './config/problem.ts'

export type Config = Readonly<
  Omit<Settings, 'analyst' | 'secretDirs' | 'policy' | 'pollEvery' | 'servers' | 'usageRetention'> & {
    /** Absolute. */
    dataDir: string
    /** Absolute; the first is where relative references begin. */
    secretDirs: readonly string[]
    policy: Policy
    pollEveryMs: number
    usageRetentionMs: number
    servers: Readonly<{
      startAtOnce: number
      /** Where a registration says nothing. */
      usual: UsualServer
      breaker: BreakerLimits
      /** Absolute. */
      logDir: string
    }>
    analyst: Readonly<Omit<Settings['analyst'], 'timeout'> & { timeoutMs: number }>
  }
>

/** Where the value of a setting came from. */
export type Source =
  | Readonly<{ kind: 'default' }>
  | Readonly<{ kind: 'file'; place: string }>
  | Readonly<{ kind: 'environment'; variable: string }>
  | Readonly<{ kind: 'flag'; flag: string }>

export type Entry = Readonly<{ value: unknown; source: Source; fromFile: boolean }>

export type LoadedConfig = Readonly<{
  config: Config
  /** Every setting as it was given, before it was checked and converted; for `config print`. */
  entries: ReadonlyMap<SettingPath, Entry>
  /** Not wrong, but probably not meant. */
  warnings: readonly string[]
}>

export type LoadOptions = Readonly<{
  env: Readonly<Record<string, string | undefined>>
  /** By the name of the flag, without dashes: `{ 'data-dir': '/var/lib/steward' }`. `config` names the YAML file. */
  flags?: Readonly<Record<string, string | boolean | undefined>>
  cwd: string
  /** Ids of the catalogue, so that a policy cannot name an action that does not exist. */
  knownActions?: readonly string[]
}>

/** @throws ConfigInvalid with every problem that was found. */
export function loadConfig({ env, flags = {}, cwd, knownActions }: LoadOptions): LoadedConfig {
  const warnings: string[] = []
  const problems: ConfigProblem[] = [...unknownFlags(flags), ...unknownVariables(env, warnings)]
  const given = flags['config'] ?? env['STEWARD_CONFIG']
  const path = typeof given === 'string' && given !== '' ? resolve(cwd, given) : undefined
  const yaml = path === undefined ? undefined : readYaml(path, readText(path, 'STEWARD_CONFIG'))

  const { tree, entries } = layer({ env, flags, yaml, path, problems })
  const parsed = settingsSchema.safeParse(tree)
  if (!parsed.success) {
    const place = (at: readonly PropertyKey[]): string => placeOf(entries, yaml, at)
    problems.push(...problemsOf(parsed.error.issues, place, { keysAt }))
  }
  if (!parsed.success || problems.length > 0) throw new ConfigInvalid(problems)

  const base = (setting: SettingPath): string => (entries.get(setting)?.source.kind === 'file' && path !== undefined ? dirname(path) : cwd)
  const {
    analyst,
    policy: policyPath,
    pollEvery: pollEveryMs,
    usageRetention: usageRetentionMs,
    secretDirs,
    serversFile,
    discoveryDirs,
    discoveryHomes,
    servers,
    ...rest
  } = parsed.data
  const { timeout: timeoutMs, ...asked } = analyst
  const dataDir = resolve(base('dataDir'), rest.dataDir)
  const policyFile = policyPath === undefined ? undefined : resolve(base('policy'), policyPath)
  const config: Config = {
    ...rest,
    dataDir,
    secretDirs:
      secretDirs === undefined || secretDirs.length === 0
        ? [join(dataDir, 'secrets')]
        : secretDirs.map((each) => resolve(base('secretDirs'), each)),
    ...(serversFile === undefined ? {} : { serversFile: resolve(base('serversFile'), serversFile) }),
    discoveryDirs: discoveryDirs.map((each) => resolve(base('discoveryDirs'), each)),
    discoveryHomes: discoveryHomes.map((each) => resolve(base('discoveryHomes'), each)),
    pollEveryMs,
    usageRetentionMs,
    servers: {
      startAtOnce: servers.startAtOnce,
      usual: {
        autoRestart: servers.autoRestart,
        startTimeoutMs: servers.startTimeout,
        stopGraceMs: servers.stopGrace,
        healthEveryMs: servers.healthEvery,
        limits: {
          ...(servers.memory === undefined ? {} : { memoryBytes: servers.memory }),
          ...(servers.cpu === undefined ? {} : { cpuCores: servers.cpu }),
        },
      },
      breaker: { failuresToOpen: servers.breakerFailures, openMs: servers.breakerOpen },
      logDir: servers.logDir === undefined ? join(dataDir, 'logs', 'servers') : resolve(base('servers.logDir'), servers.logDir),
    },
    policy: policyFile === undefined ? policyWithoutFile() : parsePolicy(policyFile, readText(policyFile, 'policy'), knownActions),
    analyst: { ...asked, timeoutMs },
  }
  return { config: deepFreeze(config), entries, warnings }
}

type Layers = Readonly<{
  env: LoadOptions['env']
  flags: NonNullable<LoadOptions['flags']>
  yaml: YamlFile | undefined
  path: string | undefined
  problems: ConfigProblem[]
}>

/** One tree of raw values in the shape of the YAML file, and for each setting which layer won. */
function layer({ env, flags, yaml, path, problems }: Layers): { tree: Record<string, unknown>; entries: Map<SettingPath, Entry> } {
  const entries = new Map<SettingPath, Entry>()
  const fromFile = new Set<string>()
  const readFile = (name: string): string =>
    readFileSync(isAbsolute(name) ? name : resolve(path === undefined ? '.' : dirname(path), name), 'utf8')
  const expandAll = (value: unknown, at: readonly PropertyKey[]): unknown => {
    if (Array.isArray(value)) return value.map((item, index) => expandAll(item, [...at, index]))
    if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, expandAll(member, [...at, name])]))
    if (typeof value !== 'string') return value
    const expanded = expand(value, { environment: env, readFile })
    if (expanded.kind === 'broken') {
      problems.push({ place: yaml?.place(at) ?? '', field: at.join('.'), rule: expanded.rule })
      return value
    }
    if (expanded.fromFile) fromFile.add(at.join('.'))
    return expanded.text
  }
  const tree = Object.fromEntries(Object.entries(yaml?.value ?? {}).map(([name, value]) => [name, expandAll(value, [name])]))

  for (const setting of settings) {
    const steps = setting.path.split('.')
    const inFile = valueAt(tree, steps)
    const winner = strongest(setting, env, flags) ?? (inFile === undefined || inFile === null ? defaultOf(setting) : undefined)
    if (winner !== undefined) {
      entries.set(setting.path, { ...winner, fromFile: false })
      put(tree, steps, winner.value)
    } else if (inFile === undefined || inFile === null) {
      entries.set(setting.path, { value: undefined, source: { kind: 'default' }, fromFile: false })
      put(tree, steps, undefined)
    } else {
      entries.set(setting.path, {
        value: inFile,
        source: { kind: 'file', place: yaml?.place(steps) ?? '' },
        fromFile: fromFile.has(setting.path),
      })
    }
  }
  return { tree, entries }
}

type Given = Readonly<{ value: unknown; source: Source }>

function strongest(setting: Setting, env: LoadOptions['env'], flags: Layers['flags']): Given | undefined {
  const flag = setting.flag === undefined ? undefined : flags[setting.flag]
  if (flag !== undefined) return { value: flag, source: { kind: 'flag', flag: `--${setting.flag}` } }
  // An empty variable is how a compose file says "not set".
  const variable = setting.variables.find((name) => env[name] !== undefined && env[name] !== '')
  if (variable === undefined) return undefined
  const text = env[variable] ?? ''
  return { value: setting.reads?.[variable]?.(text.trim()) ?? text, source: { kind: 'environment', variable } }
}

const defaultOf = ({ byDefault }: Setting): Given | undefined =>
  byDefault === undefined ? undefined : { value: byDefault, source: { kind: 'default' } }

const valueAt = (tree: unknown, steps: readonly string[]): unknown =>
  steps.reduce<unknown>((at, step) => (isRecord(at) ? at[step] : undefined), tree)

/** Leaves alone what stands in the way: the schema then says that it has the wrong shape. */
function put(tree: Record<string, unknown>, steps: readonly string[], value: unknown): void {
  const [first = '', ...rest] = steps
  if (rest.length === 0) {
    if (value === undefined) delete tree[first]
    else tree[first] = value
    return
  }
  tree[first] ??= {}
  const inner = tree[first]
  if (isRecord(inner)) put(inner, rest, value)
}

function placeOf(entries: ReadonlyMap<SettingPath, Entry>, yaml: YamlFile | undefined, at: readonly PropertyKey[]): string {
  const field = at.join('.')
  const [, entry] = [...entries].find(([setting]) => field === setting || field.startsWith(`${setting}.`)) ?? []
  if (entry?.source.kind === 'environment') return entry.source.variable
  if (entry?.source.kind === 'flag') return entry.source.flag
  return yaml?.place(at) ?? field
}

/** The names that may stand below a place of the YAML file. */
function keysAt(at: readonly PropertyKey[]): string[] {
  const inside = settings.map(({ path }) => path.split('.')).filter((steps) => at.every((step, index) => steps[index] === step))
  return [...new Set(inside.flatMap((steps) => steps[at.length] ?? []))]
}

function unknownFlags(flags: Layers['flags']): ConfigProblem[] {
  const known = ['config', ...settings.flatMap((setting: Setting) => setting.flag ?? [])]
  return Object.keys(flags)
    .filter((name) => flags[name] !== undefined && !known.includes(name))
    .map((name) => ({ place: `--${name}`, field: name, rule: unknownName(name, known) }))
}

/**
 * A misspelt variable is an error. One that is far from every name of ours only gets a warning: Kubernetes gives every container
 * variables such as STEWARD_SERVICE_HOST when there is a service called steward.
 */
function unknownVariables(env: LoadOptions['env'], warnings: string[]): ConfigProblem[] {
  for (const [name, why] of withoutMeaning) if ((env[name] ?? '') !== '') warnings.push(`${name} has no meaning here: ${why}`)
  const known: readonly string[] = [...otherVariables, ...settings.flatMap((setting: Setting) => setting.variables)]
  const own = known.filter((name) => name.startsWith('STEWARD_'))
  const unknown = Object.keys(env).filter((name) => name.startsWith('STEWARD_') && !known.includes(name))
  return unknown.flatMap((name) => {
    const meant = nearest(
      name.slice('STEWARD_'.length),
      own.map((each) => each.slice('STEWARD_'.length)),
    )
    if (meant !== undefined) return [{ place: name, field: name, rule: `is unknown; did you mean STEWARD_${meant}?` }]
    warnings.push(`${name} is no setting of Steward and was ignored`)
    return []
  })
}

function readText(path: string, field: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    throw new ConfigInvalid([{ place: path, field, rule: `cannot be read (${code})` }])
  }
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const member of Object.values(value)) deepFreeze(member)
  }
  return value
}
