import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLogger, type LogLevel } from '../../../src/adapters/logger/pino-logger.ts'
import { createScrubber } from '../../../src/adapters/logger/scrubber.ts'
import { Secret } from '../../../src/domain/ports/secrets.ts'
import { hostileTexts, UNSAFE_CHARACTER } from '../../support/hostile-text.ts'

function start(level: LogLevel = 'debug') {
  const lines: string[] = []
  const scrubber = createScrubber()
  const logger = createLogger({ level, scrubber, stream: { write: (line) => lines.push(line) } })
  return { logger, scrubber, lines, last: (): Record<string, unknown> => JSON.parse(lines.at(-1) ?? 'null') }
}

test('a line says when, how bad, what, and to which request it belongs', () => {
  const { logger, last } = start()
  logger.child({ requestId: 'r-1' }).child({ correlationId: 'c-1' }).info({ causationId: 'e-1', target: 'web' }, 'planned')
  expect(last()).toStrictEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    service: 'steward',
    pid: process.pid,
    requestId: 'r-1',
    correlationId: 'c-1',
    causationId: 'e-1',
    target: 'web',
    message: 'planned',
  })
})

test('what is below the level is not written', () => {
  const { logger, lines } = start('warn')
  logger.debug({}, 'no')
  logger.info({}, 'no')
  logger.warn({}, 'yes')
  logger.error({}, 'yes')
  expect(lines).toHaveLength(2)
})

test('an error is told with its facts, its stack and its cause', () => {
  const { logger, last } = start()
  const error = Object.assign(new Error('cannot append', { cause: new Error('connection lost') }), { stream: 'incident-1' })
  logger.error({ error }, 'failed')
  expect(last()['error']).toMatchObject({
    message: 'cannot append',
    stream: 'incident-1',
    stack: expect.stringContaining('cannot append'),
    cause: { message: 'connection lost' },
  })
})

test('a message is no format', () => {
  const { logger, last } = start()
  logger.info({}, '100%d %s %j done')
  expect(last()['message']).toBe('100%d %s %j done')
})

const SECRET = 'p"ss\\w\nörd/4711+x'
test.each<[string, (secret: string) => Record<string, unknown>, (secret: string) => string]>([
  ['in the message', () => ({}), (secret) => `connect with ${secret} failed`],
  ['in a field', (secret) => ({ url: secret }), () => 'x'],
  ['deep inside', (secret) => ({ a: [{ b: { c: `x${secret}y` } }] }), () => 'x'],
  ['as the name of a field', (secret) => ({ [secret]: 1 }), () => 'x'],
  ['in an error and its cause', (secret) => ({ error: new Error(secret, { cause: new Error(`no ${secret}`) }) }), () => 'x'],
  ['as JSON in a text', (secret) => ({ body: JSON.stringify({ nested: JSON.stringify({ secret }) }) }), () => 'x'],
  ['in a URL', (secret) => ({ url: `postgresql://u@h/?q=${encodeURIComponent(secret)}` }), () => 'x'],
  ['in base64', (secret) => ({ header: Buffer.from(secret).toString('base64') }), () => 'x'],
])('a registered secret never leaves: %s', (_, fields, message) => {
  const { logger, scrubber, lines, last } = start()
  scrubber.register(new Secret(SECRET))
  logger.info(fields(SECRET), message(SECRET))
  const line = lines.join('')
  for (const form of [
    SECRET,
    JSON.stringify(SECRET).slice(1, -1),
    encodeURIComponent(SECRET),
    Buffer.from(SECRET).toString('base64'),
    '4711',
  ]) {
    expect(line).not.toContain(form)
  }
  expect(line).toContain('[redacted]')
  expect(last()).toBeTypeOf('object')
})

test('a secret that looks like a number leaves neither itself nor broken JSON', () => {
  const { logger, scrubber, last } = start()
  scrubber.register('54321')
  logger.info({ port: 54321, list: [1, 54321] }, 'pin 54321')
  expect(last()).toMatchObject({ port: '[redacted]', list: [1, '[redacted]'], message: 'pin [redacted]' })
})

test('of two secrets, one the beginning of the other, nothing is left', () => {
  const { logger, scrubber, last } = start()
  scrubber.register('hunter')
  scrubber.register('hunter2hunter2')
  logger.info({}, 'hunter2hunter2 hunter')
  expect(last()['message']).toBe('[redacted] [redacted]')
})

test('a line of a registered key file is a secret too', () => {
  const { logger, scrubber, last } = start()
  scrubber.register(`-----BEGIN OPENSSH PRIVATE KEY-----\n${'A'.repeat(64)}\n${'B'.repeat(64)}\n-----END OPENSSH PRIVATE KEY-----\n`)
  logger.info({}, `bad key near ${'B'.repeat(64)}`)
  expect(last()['message']).toBe('bad key near [redacted]')
})

test('what has the shape or the name of a secret is scrubbed without being registered', () => {
  const { logger, lines, last } = start()
  logger.info(
    { headers: { Authorization: 'Bearer canary-1-canary', accept: '*/*' }, password: 'canary-2', url: 'redis://:canary-3@h' },
    'sk-ant-canary-4-canary',
  )
  expect(lines.join('')).not.toContain('canary')
  expect(last()).toMatchObject({ headers: { accept: '*/*' } })
})

test('a Secret prints a mask, and a reference to one stays readable', () => {
  const { logger, last } = start()
  logger.info({ adminKey: new Secret('canary'), privateKey: 'file:id_ed25519' }, 'x')
  expect(last()).toMatchObject({ adminKey: '[redacted]', privateKey: 'file:id_ed25519' })
})

test('hostile text stays one line of JSON, with no character that acts on a terminal', () => {
  const { logger, scrubber, lines } = start()
  scrubber.register('registered-secret')
  const rule = (text: string): void => {
    lines.length = 0
    logger.child({ from: text }).info({ [`field ${text}`]: text }, text)
    expect(lines).toHaveLength(1)
    const [line = ''] = lines
    expect(line.endsWith('\n')).toBe(true)
    expect(line.slice(0, -1)).not.toMatch(UNSAFE_CHARACTER)
    expect(JSON.parse(line)).toBeTypeOf('object')
  }
  for (const { text } of hostileTexts) rule(text)
  fc.assert(fc.property(fc.string({ unit: 'binary' }), rule), { numRuns: 300 })
})

test('fields that cannot be written do not throw into the work', () => {
  const { logger, last } = start()
  const loop: Record<string, unknown> = {}
  loop['self'] = loop
  logger.info({ loop, big: 10n }, 'circles and big integers')
  expect(last()['message']).toBe('circles and big integers')
  const broken = {
    toJSON() {
      throw new Error('boom')
    },
  }
  logger.info({ broken }, 'still told')
  expect(last()['message']).toBe('still told')
})
