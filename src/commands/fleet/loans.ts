/** Programs of one server that single clients have for themselves. They end before the server does: nobody is served while it is on its way out. */
import type { Logger } from '../../domain/ports/logger.ts'
import type { ServerConfig } from '../../domain/server/config.ts'
import type { Loan } from './lent-line.ts'

export interface Loans {
  readonly size: number
  /** Returns how to take it off the list, when its owner has ended it. */
  lend(loan: Loan, startedWith: ServerConfig | undefined): () => void
  /** Resolves when the calls under way on all of them have ended. */
  idle(): Promise<void>
  /** Ends those that were started with such a configuration; resolves when they have ended, or could not be. */
  takeBack(which: (startedWith: ServerConfig | undefined) => boolean, mostGraceMs: number | undefined): Promise<void>
  /** Ends all without waiting for them. */
  end(mostGraceMs: number): void
}

export function createLoans({ serverId, logger }: Readonly<{ serverId: string; logger: Logger }>): Loans {
  const lent = new Map<Loan, ServerConfig | undefined>()
  return {
    get size() {
      return lent.size
    },
    lend(loan, startedWith) {
      lent.set(loan, startedWith)
      return () => void lent.delete(loan)
    },
    async idle() {
      await Promise.all(Array.from(lent.keys(), (loan) => loan.idle().catch(() => undefined)))
    },
    async takeBack(which, mostGraceMs) {
      const loans = [...lent].flatMap(([loan, startedWith]) => (which(startedWith) ? [loan] : []))
      const ending = loans.map(async (loan) => {
        await loan
          .end(mostGraceMs)
          .catch((error: unknown) => logger.error({ serverId, error }, 'a program of a single client could not be ended'))
        lent.delete(loan)
      })
      await Promise.all(ending)
    },
    end(mostGraceMs) {
      for (const loan of lent.keys()) loan.end(mostGraceMs).catch(() => undefined)
    },
  }
}
