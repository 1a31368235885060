/** What the read models need of a database: statements and transactions, whatever tables its owner knows of. Kysely has both. */
import type { QueryExecutorProvider } from 'kysely'

/** Runs statements: a database, or one transaction of it. */
export type Statements = QueryExecutorProvider

export interface Database extends Statements {
  transaction(): { execute<Result>(work: (transaction: Statements) => Promise<Result>): Promise<Result> }
}
