/** What is used of the client's streams beside the loop over them. */
export type Source = {
  readonly destroyed: boolean
  readonly readableLength: number
  destroy(error?: Error): unknown
  push(mark: unknown): boolean
  on(event: string, listener: (...facts: unknown[]) => void): unknown
}

/** Puts a mark into the client's own buffer, between the events, so that their order is kept. */
export function put(source: Source, mark: unknown): void {
  if (!source.destroyed) source.push(mark)
}
