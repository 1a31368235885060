/** Stops waiting when somebody aborts. The work goes on alone, and no listener stays behind on a signal that outlives it. */

/** Settles as the work does, or rejects with the reason of the first signal that aborts. */
export function orAborted<Result>(work: Promise<Result>, ...signals: readonly (AbortSignal | undefined)[]): Promise<Result> {
  // Not `AbortSignal.any`: it would leave a trace on the long-lived signals for each of many short pieces of work.
  return new Promise((resolve, reject) => {
    const abort = (event: Event): void => {
      if (event.target instanceof AbortSignal) reject(event.target.reason)
    }
    for (const signal of signals) {
      if (signal?.aborted) reject(signal.reason)
      signal?.addEventListener('abort', abort, { once: true })
    }
    work.then(resolve, reject).finally(() => {
      for (const signal of signals) signal?.removeEventListener('abort', abort)
    })
  })
}

/** Resolves when one of the signals aborts. For waits that end only so. */
export function aborted(...signals: readonly AbortSignal[]): Promise<void> {
  return orAborted(new Promise<never>(() => undefined), ...signals).catch(() => undefined)
}
