/**
 * Who follows a log on which connection. A followed file holds a session for good, and programs must always find a free one: so a connection carries
 * only so many files, and a host with more gets a further connection for them.
 */
import type { Clock } from '../../domain/ports/clock.ts'
import type { FollowOptions, LogReport } from '../../domain/ports/remote-host.ts'
import type { Connection } from './connection.ts'
import { follow } from './follow.ts'
import type { Tuning } from './tuning.ts'

export type Followers = Readonly<{
  follow(path: string, options: FollowOptions): AsyncIterable<LogReport>
  close(): void
}>

export function createFollowers(first: Connection, another: () => Connection, deps: { clock: Clock; tuning: Tuning }): Followers {
  const connections = [first]

  function roomy(): Connection {
    const found = connections.find(({ followers }) => followers.free() > 0)
    if (found !== undefined) return found
    const added = another()
    connections.push(added)
    return added
  }

  return {
    async *follow(path, options) {
      if (!path.startsWith('/')) throw new RangeError(`path must be absolute: ${JSON.stringify(path)}`)
      const connection = roomy()
      // Free, or it would not have been chosen; nothing happens between.
      const release = await connection.followers.take()
      try {
        yield* follow(connection, path, options, deps)
      } finally {
        release()
      }
    },
    close() {
      for (const connection of connections) connection.close()
    },
  }
}
