import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isSecretName, redactSecrets, redactValue } from '../../../src/domain/analysis/redact.ts'
import { protect } from '../../../src/domain/protected.ts'
import { hostileTexts } from '../../support/hostile-text.ts'

const CANARY = 'c4n4ryV4lue7Zq'

test.each([
  ['an authorization header', `GET / HTTP/1.1 authorization: Bearer ${CANARY}.abc`],
  ['a bearer token in a sentence', `the call with Bearer ${CANARY} failed`],
  ['basic credentials', `Basic ${CANARY}==`],
  ['a cookie', `cookie: session=${CANARY}; theme=dark`],
  ['a header in JSON', `{"x-api-key": "${CANARY}"}`],
  ['an Anthropic key', `sk-ant-api03-${CANARY}`],
  ['a GitHub token', `ghp_${CANARY}${CANARY}`],
  ['a Slack token', `xoxb-123-${CANARY}`],
  ['a web token', `eyJhbGciOiJIUzI1NiJ9.${CANARY}.${CANARY}`],
  ['a password in a URL', `postgresql://app:${CANARY}@db.example/app`],
  ['a password with an at sign in a URL', `redis://:p@${CANARY}@db.example:6379`],
  ['a password in a conninfo', `host=db password=${CANARY} user=app`],
  ['a quoted password with blanks', `password: "two ${CANARY} words"`],
  ['a password in SQL', `ALTER ROLE app PASSWORD 'it''s ${CANARY}'`],
  ['redis.conf', `requirepass ${CANARY}`],
  ['an environment variable', `DB_PASSWORD=${CANARY}`],
  ['a query string', `GET /x?api_key=${CANARY}&a=1`],
  ['a private key', `-----BEGIN OPENSSH PRIVATE KEY-----\n${CANARY}\n-----END OPENSSH PRIVATE KEY-----`],
  ['a private key that was cut off', `-----BEGIN PRIVATE KEY-----\n${CANARY}`],
])('%s is redacted', (_, text) => {
  expect(redactSecrets(text)).not.toContain(CANARY)
  expect(redactSecrets(text)).toContain('[redacted]')
})

test('every one of several is redacted', () => {
  expect(redactSecrets('password=a1 password=b2 token=c3')).toBe('password=[redacted] password=[redacted] token=[redacted]')
})

test.each([
  '2026/11/20 10:11:12 [crit] 812#812: accept4() failed (24: Too many open files)',
  'FATAL:  password authentication failed for user "app"',
  'connect() failed (111: Connection refused) while connecting to upstream, upstream: "http://127.0.0.1:8081/"',
  'MISCONF Redis is configured to save RDB snapshots',
  'input tokens 12, output tokens 40',
])('%s stays as it is', (line) => {
  expect(redactSecrets(line)).toBe(line)
})

test('twice is the same as once', () => {
  const pieces = fc.array(
    fc.constantFrom('password=', 'Bearer ', 'a:b@', 'https://', CANARY, ' ', '"', "'", '\n', 'token', ':', '-----BEGIN PRIVATE KEY-----'),
    { maxLength: 12 },
  )
  fc.assert(
    fc.property(pieces, (parts) => {
      const once = redactSecrets(parts.join(''))
      expect(redactSecrets(once)).toBe(once)
    }),
  )
})

test('no text makes a pattern backtrack', () => {
  const seeds = ['password', '-----BEGIN PRIVATE KEY', 'a://', 'Bearer ', 'eyJaaaaaaaaa.', "password '", 'token=', 'sentinel auth-pass ']
  // 100 kB of the worst that a pattern could meet. One that backtracks would not end within the time of a test.
  for (const seed of [...seeds, ...hostileTexts.map(({ text }) => text)]) {
    const text = seed.repeat(Math.ceil(100_000 / seed.length))
    expect(redactSecrets(redactSecrets(text))).toBe(redactSecrets(text))
  }
})

test.each([
  'password',
  'DB_PASSWORD',
  'apiKey',
  'x-api-key',
  'Authorization',
  'client_secret',
  'privateKey',
  'set-cookie',
  'adminKey',
  'refreshToken',
])('%s is the name of a secret', (name) => {
  expect(isSecretName(name)).toBe(true)
})

test.each(['key', 'keyId', 'tokens', 'inputTokens', 'planHash', 'hostKey', 'author', 'idempotencyKey'])('%s is not', (name) => {
  expect(isSecretName(name)).toBe(false)
})

test('nothing with the shape of a secret enters an event as text from outside, however long the text', () => {
  const line = `STATEMENT: ALTER ROLE app PASSWORD '${CANARY}'`
  expect(protect(line).text).toBe('STATEMENT: ALTER ROLE app PASSWORD [redacted]')
  expect(protect(`${'x'.repeat(3_990)} ${line}`, 4_030).text).not.toContain(CANARY)
})

test('in a value, every text is redacted, and what stands under the name of a secret', () => {
  const value = { note: `password=${CANARY}`, db: { password: CANARY, port: 5432 }, tried: [`Bearer ${CANARY}`, null, true] }
  expect(redactValue(value)).toEqual({
    note: 'password=[redacted]',
    db: { password: '[redacted]', port: 5432 },
    tried: ['Bearer [redacted]', null, true],
  })
})
