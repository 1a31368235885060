import { expect, test } from 'vitest'
import { createScrubber } from '../../src/adapters/logger/scrubber.ts'
import { secretsOf } from '../../src/config/secrets-of.ts'
import { loadConfig } from '../../src/config.ts'

const secretsWith = (env: Record<string, string>): string[] =>
  secretsOf(loadConfig({ env, cwd: '/' }).config).map((secret) => secret.reveal())

test('the keys, and the passwords of both URLs as written and as sent', () => {
  const env = {
    STEWARD_ADMIN_KEY: 'abcdefgh-abcdefgh-abcdefgh-abcdefgh',
    ANTHROPIC_API_KEY: 'sk-one',
    STEWARD_DATABASE_URL: 'postgresql://app:p%40ss@db.example.org/steward',
    STEWARD_EVENT_STORE: 'esdb://admin:changeit@127.0.0.1:2113?tls=false',
  }
  expect(secretsWith(env)).toStrictEqual([env.STEWARD_ADMIN_KEY, 'sk-one', 'p%40ss', 'p@ss', 'changeit'])
})

test('passwords that stand among the parameters of a URL', () => {
  expect(secretsWith({ STEWARD_DATABASE_URL: 'postgresql://db/steward?user=app&password=one&sslpassword=two%21' })).toStrictEqual([
    'one',
    'two%21',
    'two!',
  ])
})

test('nothing where nothing is set', () => {
  expect(secretsWith({ STEWARD_DATABASE_URL: 'postgresql://app@db/steward' })).toStrictEqual([])
})

test('what the scrubber is given of them does not reach the log', () => {
  const scrubber = createScrubber()
  const { config } = loadConfig({ env: { STEWARD_DATABASE_URL: 'postgresql://app:c4n%40ry@db/x' }, cwd: '/' })
  for (const secret of secretsOf(config)) scrubber.register(secret)
  expect(scrubber.scrub('{"message":"login with c4n@ry failed","url":"c4n%40ry"}')).not.toMatch(/c4n/)
})
