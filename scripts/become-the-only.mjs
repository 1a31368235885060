// Two starts at once must not both change the same things. A listening socket is a lock that dies with its holder, however that dies, and
// whose end can be awaited; Linux has names for it that leave no file behind.
import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { say } from './say.mjs'

/** Waits until no other process has the `role` in `place`, then takes it. Returns the function that gives it back. */
export async function becomeTheOnly(role, place) {
  const name = `steward-${createHash('sha256').update(`${role}\0${place}`).digest('hex').slice(0, 16)}`
  const address = process.platform === 'linux' ? `\0${name}` : join(tmpdir(), name)
  for (let announced = false; ; announced = true) {
    const release = await listen(address)
    if (release !== undefined) return release
    if (!announced) say(`waiting for another start, which is the ${role} just now`)
    const lived = await untilClosed(address)
    // Elsewhere the name is a file, and outlives its holder.
    if (!lived && process.platform !== 'linux') rmSync(address, { force: true })
  }
}

function listen(address) {
  const server = createServer()
  const waiting = new Set()
  server.on('connection', (socket) => waiting.add(socket.on('error', () => undefined)))
  const release = () => {
    for (const socket of waiting) socket.destroy()
    server.close()
  }
  return new Promise((resolve, reject) => {
    server.once('error', (error) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)))
    server.listen(address, () => resolve(release))
  })
}

/** False when nobody was there to wait for. */
function untilClosed(address) {
  return new Promise((resolve) => {
    const socket = connect(address)
    socket.once('connect', () => socket.once('close', () => resolve(true)).resume())
    socket.on('error', () => resolve(false))
  })
}
