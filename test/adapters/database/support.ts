/** One PostgreSQL for the tests of a file, and a migrated namespace of its own for each test. */
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { type Database, openDatabase } from '../../../src/adapters/database/open-database.ts'
import { startTestPostgres, type TestPostgres } from '../../support/postgres.ts'

export type DatabaseFixture = Readonly<{
  server: () => TestPostgres
  /** A name that no other test uses. */
  namespace: () => string
  /** A database with all migrations, closed behind the test. */
  database: (namespace?: string) => Promise<Database>
}>

export function withPostgres(): DatabaseFixture {
  let running: TestPostgres | undefined
  let names = 0

  beforeAll(async () => {
    running = await startTestPostgres()
  }, 60_000)
  afterAll(() => running?.stop())

  const server = (): TestPostgres => {
    if (!running) throw new Error('PostgreSQL is not up')
    return running
  }
  const namespace = (): string => {
    names += 1
    return `test_${names}`
  }
  return {
    server,
    namespace,
    async database(name = namespace()) {
      const database = await openDatabase({ connectionString: server().connectionString, namespace: name })
      onTestFinished(() => database.close())
      await database.migrate()
      return database
    },
  }
}
