import { expect, test } from 'vitest'
import { createLogger } from '../../src/adapters/logger/pino-logger.ts'
import { paintFor } from '../../src/cli/screen/paint.ts'
import { logView } from '../../src/cli/up/log-view.ts'

test('an error is told with its causes, on one line that a terminal cannot act on', () => {
  const shown: string[] = []
  const logger = createLogger({
    level: 'info',
    stream: logView({ write: (text) => void shown.push(text) }, paintFor({ isTTY: false }, {})),
  })
  const error = new Error('the event store is unavailable', { cause: new Error('too many clients \u001b[2Jalready') })
  logger.warn({ error }, 'trying again')
  expect(shown).toHaveLength(1)
  expect(shown[0]).toContain('trying again error="the event store is unavailable: too many clients ')
  expect(shown[0]).not.toContain('\u001b')
})
