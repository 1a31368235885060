/**
 * A tunnel with the face of a socket, because drivers want one. Closing it closes the channel; the end of the connection ends it with the reason.
 */
import { Duplex } from 'node:stream'
import type { Tunnel } from './connection.ts'

export class TunnelStream extends Duplex {
  readonly #open: () => Promise<Tunnel>
  #tunnel: Tunnel | undefined

  /** Nothing is opened before `connect`. */
  constructor(open: () => Promise<Tunnel>) {
    super()
    this.#open = open
  }

  /** The address is the tunnel's; arguments of drivers are ignored. */
  connect(): this {
    this.#open().then(
      (tunnel) => this.#attach(tunnel),
      (error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))),
    )
    return this
  }

  setNoDelay(): this {
    return this
  }
  setKeepAlive(): this {
    return this
  }
  setTimeout(): this {
    return this
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }

  #attach(tunnel: Tunnel): void {
    if (this.destroyed) {
      tunnel.channel.close()
      return
    }
    this.#tunnel = tunnel
    const { channel, live } = tunnel
    const lost = (): void => {
      this.destroy(live.ended.reason)
    }
    live.ended.addEventListener('abort', lost, { once: true })
    this.once('close', () => live.ended.removeEventListener('abort', lost))
    channel.on('error', (error: Error) => this.destroy(error))
    channel.on('data', (bytes: Buffer) => {
      if (!this.push(bytes)) channel.pause()
    })
    channel.once('end', () => this.push(null))
    channel.once('close', () => {
      this.push(null)
      this.destroy()
    })
    this.emit('connect')
  }

  override _read(): void {
    this.#tunnel?.channel.resume()
  }

  override _write(bytes: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#tunnel === undefined) done(new Error('the tunnel is not open'))
    // ssh2 drops what is written to a closed channel and never calls back.
    else if (this.#tunnel.channel.writable) this.#tunnel.channel.write(bytes, encoding, done)
    else done(new Error('the tunnel is closed'))
  }

  override _final(done: () => void): void {
    this.#tunnel?.channel.end()
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#tunnel?.channel.close()
    done(error)
  }
}
