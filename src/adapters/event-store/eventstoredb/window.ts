/** Lets a fixed number in at a time, in the order in which they came. Closing it turns away those who wait. */
export class Window {
  #size: number
  #free: number
  #closed: Error | undefined
  readonly #waiting: { enter: () => void; refuse: (error: Error) => void }[] = []

  constructor(size: number) {
    this.#size = size
    this.#free = size
  }

  /** Makes room for more, at once for those who wait. */
  widen(size: number): void {
    for (; this.#size < size; this.#size += 1) this.#leave()
  }

  /**
   * Waits for a place, and returns how to leave it.
   * @throws Error after `timeoutMs`, or the reason of the closing; nothing has been entered then.
   */
  async enter(timeoutMs: number): Promise<() => void> {
    if (this.#closed) throw this.#closed
    if (this.#free > 0 && this.#waiting.length === 0) this.#free -= 1
    else await this.#wait(timeoutMs)
    return () => this.#leave()
  }

  close(reason: Error): void {
    this.#closed ??= reason
    for (const { refuse } of this.#waiting.splice(0)) refuse(this.#closed)
  }

  #wait(timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const place = {
        enter: () => {
          clearTimeout(timer)
          resolve()
        },
        refuse: (error: Error) => {
          clearTimeout(timer)
          reject(error)
        },
      }
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(place), 1)
        reject(new Error(`no place within ${timeoutMs} ms`))
      }, timeoutMs)
      this.#waiting.push(place)
    })
  }

  #leave(): void {
    const next = this.#waiting.shift()
    if (next) next.enter()
    else this.#free += 1
  }
}
