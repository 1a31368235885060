// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how fault files refer to things.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkFaults, loadFaults } from '../../../src/adapters/fault-files/fault-files.ts'
import { FaultFilesInvalid, printProblem } from '../../../src/adapters/fault-files/fault-problem.ts'
import { compileLogMatcher } from '../../../src/adapters/log-matcher/log-matcher.ts'
import { findAction } from '../../../src/domain/catalogue/catalogue.ts'
import { faultsDirectory } from '../../support/plan-remedy.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'faults-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const GOOD = `fault: nginx.disk-full
title: the disk is full
service: nginx
severity: error
cooldown: 5m
detect:
  - log: error
    level: [crit]
    match: '^.* failed \\(28: No space left on device\\)$'
    examples:
      - '2026/11/20 23:23:43 [crit] 1#1: write() failed (28: No space left on device)'
    near_misses:
      - '2026/11/20 23:23:43 [crit] 1#1: write() failed (28: No space left on device), client: x'
  - poll: redis.maxmemory
diagnosis: the disk is full
remedies:
  - action: nginx.restore-config
    params: { configPath: '\${target.configPaths[0]}' }
runbook: none
`.replace('  - poll: redis.maxmemory\n', '')

const put = (text: string, name = 'nginx/disk-full.yaml'): void => {
  mkdirSync(dirname(join(directory, name)), { recursive: true })
  writeFileSync(join(directory, name), text)
}
const problems = async (): Promise<readonly string[]> => (await checkFaults(directory, compileLogMatcher)).problems.map(printProblem)

describe('the faults of this project', () => {
  test('are right, and every remedy names an action of their service', async () => {
    const { faults, problems: found } = await checkFaults(faultsDirectory, compileLogMatcher)
    expect(found).toEqual([])
    expect(faults).toHaveLength(readdirSync(faultsDirectory, { recursive: true }).filter((name) => String(name).endsWith('.yaml')).length)
    for (const fault of faults) {
      expect(fault.remedies.length > 0 || fault.reportOnly !== undefined).toBe(true)
      for (const { action } of fault.remedies) expect(findAction(action)?.service).toBe(fault.service)
    }
  })

  test('come in the order of their files', async () => {
    const ids = (await loadFaults(faultsDirectory, compileLogMatcher)).map(({ id }) => id)
    expect(ids[0]).toBe('nginx.backend-down')
    expect(ids.at(-1)).toBe('server.tool-changed')
  })
})

test('a file becomes a fault, durations in milliseconds', async () => {
  put(GOOD)
  const [fault] = await loadFaults(directory, compileLogMatcher)
  expect(fault).toMatchObject({
    id: 'nginx.disk-full',
    service: 'nginx',
    severity: 'error',
    cooldownMs: 300_000,
    detect: [{ kind: 'log', log: 'error', level: ['crit'], nearMisses: [expect.any(String)] }],
    remedies: [{ action: 'nginx.restore-config' }],
  })
})

describe('a malformed file is refused with file, line, field and rule:', () => {
  test.each([
    [
      'an unknown key',
      'cooldown: 5m',
      'cooldwon: 5m',
      'nginx/disk-full.yaml:5: cooldwon: is not a key that is known here; did you mean "cooldown"?',
    ],
    [
      'an unknown key in a detection',
      'near_misses:',
      'near_miss:',
      'nginx/disk-full.yaml:12: detect[0].near_miss: is not a key that is known here; did you mean "near_misses"?',
    ],
    ['a duration', 'cooldown: 5m', 'cooldown: 5 minutes', 'nginx/disk-full.yaml:5: cooldown: must be a duration such as 15s, 5m or 1h'],
    [
      'a number for a duration',
      'cooldown: 5m',
      'cooldown: 300',
      'nginx/disk-full.yaml:5: cooldown: must be a duration such as 15s, 5m or 1h',
    ],
    [
      'a severity',
      'severity: error',
      'severity: bad',
      'nginx/disk-full.yaml:4: severity: Invalid option: expected one of "info"|"warning"|"error"|"critical"',
    ],
    ['an id', 'fault: nginx.disk-full', 'fault: Disk Full', 'nginx/disk-full.yaml:1: fault: must be <service>.<name-in-kebab-case>'],
    [
      'an id of another service',
      'fault: nginx.disk-full',
      'fault: redis.disk-full',
      'nginx/disk-full.yaml:1: fault: must begin with the service: nginx.',
    ],
    [
      'a pattern without an anchor',
      `match: '^.*`,
      `match: '.*`,
      'nginx/disk-full.yaml:9: detect[0].match: must be anchored with ^: what a client wrote never stands at the beginning of a line',
    ],
    [
      'a pattern that RE2 does not know',
      `match: '^.*`,
      `match: '^(?=x)`,
      /^nginx\/disk-full\.yaml:9: detect\.0\.match: not a pattern that RE2 can run: /,
    ],
    [
      'an example that is not matched',
      "[crit] 1#1: write() failed (28: No space left on device)'\n    near",
      "[crit] 1#1: read() failed (5)'\n    near",
      'nginx/disk-full.yaml:11: detect.0.examples.0: is not matched by its own pattern and levels',
    ],
    [
      'an example of another level',
      'level: [crit]',
      'level: [alert]',
      'nginx/disk-full.yaml:11: detect.0.examples.0: is not matched by its own pattern and levels',
    ],
    ['a near miss that is matched', ', client: x', '', 'nginx/disk-full.yaml:13: detect.0.near_misses.0: is matched, and must not be'],
    [
      'an action that does not exist',
      'nginx.restore-config',
      'nginx.restore-confg',
      'nginx/disk-full.yaml:16: remedies.0.action: there is no action "nginx.restore-confg"; did you mean "nginx.restore-config"?',
    ],
    [
      'an action of another service',
      'nginx.restore-config',
      'redis.raise-maxmemory',
      'nginx/disk-full.yaml:16: remedies.0.action: is an action for redis, not for nginx',
    ],
    [
      'a reference that cannot be read',
      'target.configPaths[0]',
      'env.HOME',
      /^nginx\/disk-full\.yaml:17: remedies\.0\.params\.configPath: must begin with target, policy, baseline, hint: /,
    ],
    [
      'a reference inside of other words',
      `'\${target.configPaths[0]}'`,
      `'/etc/\${hint.file}'`,
      /^nginx\/disk-full\.yaml:17: remedies\.0\.params\.configPath: a parameter is either a literal or one whole /,
    ],
  ])('%s', async (_what, right, wrong, said) => {
    const text = GOOD.replace(right, wrong)
    expect(text).not.toBe(GOOD)
    put(text)
    const found = await problems()
    expect(found).toContainEqual(typeof said === 'string' ? said : expect.stringMatching(said))
  })

  test('what is not YAML', async () => {
    put(`${GOOD}\n  bad: [`)
    expect(await problems()).toContainEqual(expect.stringMatching(/^nginx\/disk-full\.yaml:2\d: file: is not YAML: /))
  })

  test('a key given twice', async () => {
    put(`${GOOD}cooldown: 6m\n`)
    expect(await problems()).toEqual([expect.stringMatching(/:19: file: is not YAML: Map keys must be unique/)])
  })

  test('a fault without a remedy that does not say why', async () => {
    put(GOOD.replace(/remedies:[\s\S]*(?=runbook)/, 'remedies: []\n'))
    expect(await problems()).toEqual(['nginx/disk-full.yaml:15: remedies: a fault without a remedy needs report_only, which says why'])
    put(GOOD.replace(/remedies:[\s\S]*(?=runbook)/, 'remedies: []\nreport_only: nothing can be done safely\n'))
    expect(await problems()).toEqual([])
  })

  test('a probe that does not exist, or belongs to another service', async () => {
    put(GOOD.replace('diagnosis:', '# here\ndiagnosis:').replace('detect:\n', 'detect:\n  - poll: redis.maxmemry\n    every: 15s\n'))
    expect(await problems()).toEqual(['nginx/disk-full.yaml:8: detect[0].every: is not a key that is known here'])
    put(GOOD.replace('detect:\n', 'detect:\n  - poll: redis.maxmemry\n  - poll: redis.maxmemory\n'))
    expect(await problems()).toEqual([
      expect.stringMatching(
        /^nginx\/disk-full\.yaml:7: detect\.0\.poll: there is no probe "redis.maxmemry"; did you mean "redis.maxmemory"\?/,
      ),
      'nginx/disk-full.yaml:8: detect.1.poll: "redis.maxmemory" is a probe of redis, not of nginx',
    ])
  })

  test('a report that is called a log', async () => {
    put(GOOD.replace('log: error', 'log: report'))
    expect(await problems()).toEqual([
      'nginx/disk-full.yaml:7: detect[0].log: must be the name of a log; for reports write report: <pattern>',
    ])
  })

  test('two files with one fault', async () => {
    put(GOOD)
    put(GOOD, 'nginx/other.yaml')
    expect(await problems()).toEqual(['nginx/other.yaml:1: fault: "nginx.disk-full" is already in nginx/disk-full.yaml'])
  })

  test('a directory without one, or none at all', async () => {
    expect(await problems()).toEqual([`${directory}:1: directory: holds no fault file (*.yaml)`])
    const { problems: found } = await checkFaults(join(directory, 'nowhere'), compileLogMatcher)
    expect(found).toMatchObject([{ field: 'directory', rule: expect.stringContaining('ENOENT') }])
  })
})

test('one bad file makes all of them invalid, and every problem is told', async () => {
  put(GOOD)
  put('fault: 1\n', 'nginx/other.yaml')
  const error = await loadFaults(directory, compileLogMatcher).catch((caught: unknown) => caught)
  if (!(error instanceof FaultFilesInvalid)) throw error
  expect(error.problems.length).toBeGreaterThan(5)
  expect(error.message).toContain('nginx/other.yaml:1: title: ')
})
