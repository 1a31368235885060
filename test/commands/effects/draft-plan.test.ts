/** What a plan says of the host as it is now. */
import { expect, test } from 'vitest'
import { createHasher } from '../../../src/adapters/hash/sha256.ts'
import { draftPlan } from '../../../src/commands/effects/draft-plan.ts'
import type { Reached } from '../../../src/commands/effects/reach.ts'
import type { Output, Program } from '../../../src/domain/catalogue/program.ts'
import { instant } from '../../../src/domain/instant.ts'
import { denyAll } from '../../../src/domain/policy.ts'
import type { ConfirmedRemedy } from '../../../src/domain/processes/effects.ts'
import { BehavedHost, hostKey } from '../support/behaved-host.ts'

const hash = createHasher()
const path = '/etc/postgresql/15/main/postgresql.conf'
const [bad, good] = ['shared_buffers = 12q\n', 'shared_buffers = 128MB\n']
const hostNow = 1_800_000_000
const text = (stdout: string, exitCode = 0): Output => ({ kind: 'text', exitCode, stdout, stderr: '' })

/** A file with an error in it, which PostgreSQL was told to load a day ago. */
function reached(edited: { secondsAgo: number; saysTheTime?: boolean }): Reached {
  const { secondsAgo, saysTheTime = true } = edited
  const modified = String(hostNow - secondsAgo)
  const state = ['S', 'f', '644', '0', '0', String(bad.length), modified, modified, '', path, 'H', `${hash.sha256(bad)}  ${path}`]
  const answers = (program: Program): Output => {
    if (program.kind === 'sql') {
      return { kind: 'rows', rows: [{ errors: 1, errorsInKeptFiles: 1, pendingRestart: 0, loadedSecondsAgo: 86_400 }] }
    }
    if (program.kind === 'exec') return program.argv[0] === 'date' ? text(`${hostNow}\n`, saysTheTime ? 0 : 127) : text(bad)
    if (program.kind === 'script' && program.script === 'common/read-file-states.sh') return text(btoa(`${state.join('\0')}\0`))
    return text(program.kind === 'script' && program.script === 'common/print-content.sh' ? good : '')
  }
  const host = new BehavedHost()
  const by = { by: 'test', at: instant('2026-11-21T10:00:00.000Z') }
  const registration = {
    targetId: 't',
    name: 't',
    hostId: 'h',
    service: 'postgresql',
    logPaths: [],
    configPaths: [],
    stateDir: '/s',
    mode: 'act',
    ...by,
  } as const
  return {
    target: {
      situation: 'registered',
      registration,
      mode: 'act',
      paused: false,
      frozen: undefined,
      unseen: undefined,
      baseline: new Map(),
      limits: {},
    },
    host: { hostId: 'h', name: 'h', address: '127.0.0.1', port: 22, username: 'root', privateKey: 'file:key', hostKey, ...by },
    remote: host.remote,
    execute: async (program) => answers(program),
  }
}

const remedy: ConfirmedRemedy = {
  action: {
    id: 'postgresql.restore-config',
    version: 1,
    params: { stateDir: '/s', files: [{ path, sha256: hash.sha256(good), mode: '644', uid: 0, gid: 0 }] },
  },
  chosenBy: 'catalogue',
  confidence: 1,
  diagnosis: 'The configuration has an error.',
  title: 'Put it back',
}

async function riskOf(edited: Parameters<typeof reached>[0]) {
  const tools = { hash, diff: { unified: () => '' }, policy: { ...denyAll, version: 'v1' } }
  const drafted = await draftPlan('i', remedy, reached(edited), tools, new AbortController().signal)
  return drafted.kind === 'drafted' ? drafted.plan.risk : drafted
}

test('a file that was edited a moment ago is for a person, also when nobody has loaded it yet', async () => {
  expect(await riskOf({ secondsAgo: 20 })).toBe('high')
  expect(await riskOf({ secondsAgo: 301 })).toBe('medium')
})

test('a host that does not say what time it is cannot say that a file has come to rest', async () => {
  expect(await riskOf({ secondsAgo: 86_400, saysTheTime: false })).toBe('high')
})
