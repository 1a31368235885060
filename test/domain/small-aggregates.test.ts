/** The aggregates whose rules fit on half a page. */
import { describe, test } from 'vitest'
import { anomaly } from '../../src/domain/anomaly/anomaly.ts'
import type { AnomalyEvent, Detection } from '../../src/domain/anomaly/events.ts'
import { healingSwitch } from '../../src/domain/healing-switch/healing-switch.ts'
import type { HostEvent, HostRegistration } from '../../src/domain/host/events.ts'
import { host } from '../../src/domain/host/host.ts'
import { instant, later } from '../../src/domain/instant.ts'
import { key } from '../../src/domain/key/key.ts'
import { operation } from '../../src/domain/operation/operation.ts'
import { registry } from '../../src/domain/registry/registry.ts'
import { remedyGuard } from '../../src/domain/remedy-guard/remedy-guard.ts'
import { specify } from '../support/specify.ts'

const now = instant('2026-11-21T10:00:00.000Z')

describe('registry', () => {
  const spec = specify(registry)
  const claim = (holder: string) => ({ type: 'ClaimName', data: { name: 'web-1', holder, now } }) as const
  const claimed = { type: 'NameClaimed', data: { name: 'web-1', holder: 'a', at: now } } as const

  test('a name has one holder', () => {
    spec.given().when(claim('a')).yields(claimed)
    spec.given(claimed).when(claim('b')).refuses('name-taken', { name: 'web-1', holder: 'a' })
  })

  test('its holder may claim it again', () => spec.given(claimed).when(claim('a')).yields())

  test('only its holder releases it', () => {
    spec
      .given(claimed)
      .when({ type: 'ReleaseName', data: { name: 'web-1', holder: 'b', now } })
      .yields()
    spec
      .given(claimed)
      .when({ type: 'ReleaseName', data: { name: 'web-1', holder: 'a', now } })
      .yields({ type: 'NameReleased', data: { name: 'web-1', holder: 'a', at: now } })
  })

  test('a released name is free', () =>
    spec
      .given(claimed, { type: 'NameReleased', data: { name: 'web-1', holder: 'a', at: now } })
      .when(claim('b'))
      .yields({ type: 'NameClaimed', data: { name: 'web-1', holder: 'b', at: now } }))

  const sharing = { type: 'ClaimName', data: { name: 'web-1', holder: 'b', shared: true, now } } as const
  const shared = { type: 'NameClaimed', data: { name: 'web-1', holder: 'b', shared: true, at: now } } as const
  const release = (holder: string) => ({ type: 'NameReleased', data: { name: 'web-1', holder, at: now } }) as const

  test('a name is shared only by somebody who says so', () => {
    spec.given(claimed).when(sharing).yields(shared)
    spec.given(claimed, shared).when(claim('c')).refuses('name-taken', { name: 'web-1', holder: 'a' })
  })

  test('a shared name is free when the last of its holders has released it', () => {
    spec.given(claimed, shared, release('a')).when(claim('c')).refuses('name-taken', { name: 'web-1', holder: 'b' })
    spec
      .given(claimed, shared, release('a'), release('b'))
      .when(claim('c'))
      .yields({ type: 'NameClaimed', data: { name: 'web-1', holder: 'c', at: now } })
  })
})

describe('host', () => {
  const spec = specify(host)
  const registration: HostRegistration = {
    hostId: 'h',
    name: 'web-1',
    address: '10.0.0.1',
    port: 22,
    username: 'steward',
    privateKey: 'file:web-1',
    hostKey: { key: 'ssh-ed25519 AAAA', fingerprint: 'SHA256:x' },
    by: 'mira',
    at: now,
  }
  const registered: HostEvent = { type: 'HostRegistered', data: registration }

  test('reachability is told when it changes', () => {
    const lost = { type: 'ReportHostLost', data: { rule: 'timeout', now } } as const
    spec
      .given(registered)
      .when(lost)
      .yields({ type: 'HostLost', data: { hostId: 'h', rule: 'timeout', at: now } })
    spec
      .given(registered, { type: 'HostLost', data: { hostId: 'h', rule: 'timeout', at: now } })
      .when(lost)
      .yields()
  })

  test('a retired host is gone for good', () =>
    spec
      .given(registered, { type: 'HostRetired', data: { hostId: 'h', by: 'mira', reason: 'old', at: now } })
      .when({ type: 'RegisterHost', data: registration })
      .refuses('host-already-registered'))

  const placed: HostEvent = { type: 'TargetPlaced', data: { hostId: 'h', targetId: 't', name: 'cache', at: now } }
  const retire = { type: 'RetireHost', data: { by: 'mira', reason: 'old', now } } as const

  test('a host with targets is not retired, and they are named', () => {
    spec.given(registered, placed).when(retire).refuses('host-has-targets', { targets: 'cache' })
    spec
      .given(registered, placed, { type: 'TargetTakenOff', data: { hostId: 'h', targetId: 't', at: now } })
      .when(retire)
      .yields({ type: 'HostRetired', data: { hostId: 'h', by: 'mira', reason: 'old', at: now } })
  })

  test('nothing is placed on a host that was retired', () =>
    spec
      .given(registered, { type: 'HostRetired', data: { hostId: 'h', by: 'mira', reason: 'old', at: now } })
      .when({ type: 'PlaceTarget', data: { targetId: 't', name: 'cache', now } })
      .refuses('host-not-registered', { situation: 'retired' }))

  test('a new key is a change, the same key is none', () => {
    const change = (key: string) =>
      ({ type: 'ChangeHostKey', data: { hostKey: { key, fingerprint: `SHA256:${key}` }, by: 'mira', now } }) as const
    const changed: HostEvent = {
      type: 'HostKeyChanged',
      data: { hostId: 'h', hostKey: { key: 'new', fingerprint: 'SHA256:new' }, by: 'mira', at: now },
    }
    spec.given(registered).when(change('ssh-ed25519 AAAA')).yields()
    spec.given(registered).when(change('new')).yields(changed)
    spec.given(registered, changed).when(change('new')).yields()
  })
})

describe('anomaly', () => {
  const spec = specify(anomaly)
  const detection: Detection = {
    anomalyId: 'a',
    targetId: 't',
    hostId: 'h',
    service: 'nginx',
    title: 'x',
    severity: 'error',
    fingerprint: 'f',
    fingerprintId: 'f-1',
    groupedBy: 'g',
    cooldownMs: 1,
    source: { kind: 'report', by: 'mira' },
    excerpt: { text: '' },
    hints: {},
    at: now,
  }
  const detected: AnomalyEvent = { type: 'AnomalyDetected', data: detection }
  const range = (fromOffset: number, toOffset: number) => ({
    count: 2,
    path: '/l',
    generation: 'g',
    fromOffset,
    toOffset,
    seenAt: now,
    at: now,
  })

  test('the same line read again is the same anomaly', () => spec.given(detected).when({ type: 'DetectAnomaly', data: detection }).yields())

  test('a byte range is counted once', () => {
    const counted: AnomalyEvent = {
      type: 'AnomalyRepeated',
      data: { anomalyId: 'a', fingerprintId: detection.fingerprintId, ...range(0, 100) },
    }
    spec
      .given(detected)
      .when({ type: 'CountRepetition', data: range(0, 100) })
      .yields(counted)
    spec
      .given(detected, counted)
      .when({ type: 'CountRepetition', data: range(0, 100) })
      .yields()
    spec
      .given(detected, counted)
      .when({ type: 'CountRepetition', data: range(50, 150) })
      .yields()
    spec
      .given(detected, counted)
      .when({ type: 'CountRepetition', data: range(100, 150) })
      .yields({ type: 'AnomalyRepeated', data: { anomalyId: 'a', fingerprintId: detection.fingerprintId, ...range(100, 150) } })
  })

  test('a judgement follows the allowed moves', () =>
    spec
      .given(detected, { type: 'AnomalyStatusChanged', data: { anomalyId: 'a', status: 'resolved', by: 'mira', at: now } })
      .when({ type: 'ChangeAnomalyStatus', data: { status: 'ignored', by: 'mira', now } })
      .refuses('anomaly-move-not-allowed', { from: 'resolved', to: 'ignored', allowed: 'investigating' }))
})

describe('healing switch', () => {
  const spec = specify(healingSwitch)

  test('stopping what is stopped changes nothing, and the first reason stays', () =>
    spec
      .given({ type: 'HealingStopped', data: { by: 'mira', reason: 'release', at: now } })
      .when({ type: 'StopHealing', data: { by: 'jon', reason: 'another', now } })
      .yields())

  test('resuming what runs changes nothing', () =>
    spec
      .given()
      .when({ type: 'ResumeHealing', data: { by: 'mira', now } })
      .yields())

  const stopped = { type: 'HealingStopped', data: { by: 'mira', reason: 'release', at: now } } as const
  const resumed = { type: 'HealingResumed', data: { by: 'mira', at: now } } as const
  const resume = { type: 'ResumeHealing', data: { by: 'mira', now } } as const
  const wait = (incidentId: string) => ({ type: 'AwaitHealing', data: { incidentId, now } }) as const
  const waits = (incidentId: string) => ({ type: 'HealingAwaited', data: { incidentId, at: now } }) as const
  const offered = (incidentId: string) => ({ type: 'HealingOffered', data: { incidentId, at: now } }) as const

  test('whoever waits is told once when it is resumed', () => {
    spec.given(stopped, waits('i')).when(wait('i')).yields()
    spec.given(stopped, waits('i'), waits('j')).when(resume).yields(resumed, offered('i'), offered('j'))
    spec.given(stopped, waits('i'), resumed, offered('i'), stopped).when(resume).yields(resumed)
  })

  test('whoever is held back by something else is promised nothing', () => {
    spec.given().when(wait('i')).yields()
    spec.given(stopped, resumed).when(wait('i')).yields()
  })
})

describe('remedy guard', () => {
  const spec = specify(remedyGuard)
  const failed = { type: 'RemedyFailed', data: { actionId: 'redis.x', hostId: 'h', incidentId: 'i', at: now } } as const

  test('a failure on a host is remembered once', () => {
    const record = { type: 'RecordRemedyFailure', data: { actionId: 'redis.x', hostId: 'h', incidentId: 'i', now } } as const
    spec.given().when(record).yields(failed)
    spec.given(failed).when(record).yields()
  })

  test('a person clears it', () =>
    spec
      .given(failed)
      .when({ type: 'ClearRemedy', data: { actionId: 'redis.x', by: 'mira', reason: 'mended', now } })
      .yields({ type: 'RemedyCleared', data: { actionId: 'redis.x', by: 'mira', reason: 'mended', at: now } }))
})

describe('key', () => {
  const spec = specify(key)
  const created = { keyId: 'k', name: 'ci', role: 'viewer', owner: 'mira', sha256: 'x', by: 'admin', at: now } as const

  test('a key does not begin expired', () =>
    spec
      .given()
      .when({ type: 'CreateApiKey', data: { ...created, expiresAt: now } })
      .refuses('key-expires-in-the-past', { expiresAt: now }))

  test('a key that ends later is made', () =>
    spec
      .given()
      .when({ type: 'CreateApiKey', data: { ...created, expiresAt: later(now, 1) } })
      .yields({ type: 'ApiKeyCreated', data: { ...created, expiresAt: later(now, 1) } }))

  test('revoking twice is revoking once', () =>
    spec
      .given(
        { type: 'ApiKeyCreated', data: created },
        { type: 'ApiKeyRevoked', data: { keyId: 'k', by: 'mira', reason: 'leaked', at: now } },
      )
      .when({ type: 'RevokeApiKey', data: { by: 'jon', reason: 'leaked', now } })
      .yields())
})

describe('operation', () => {
  const spec = specify(operation)
  const started = {
    type: 'OperationStarted',
    data: { operationId: 'o', kind: 'projection-verify', subject: 'hosts', by: 'mira', at: now },
  } as const

  test('an operation ends once', () =>
    spec
      .given(started, { type: 'OperationSucceeded', data: { operationId: 'o', result: {}, at: now } })
      .when({ type: 'FailOperation', data: { rule: 'x', says: 'y', now } })
      .refuses('operation-not-running', { situation: 'succeeded' }))
})
