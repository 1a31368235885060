/**
 * A line over the standard streams of a child. Text that is no message is named and skipped; the line ends only with the child, with its
 * output, or when it is closed.
 */
import { isReadable, type Message, type RequestId, readMessage } from '../../domain/mcp/message.ts'
import type { ChildProcess } from '../../domain/ports/child-processes.ts'
import { type LinkEnd, LinkEnded, type LinkListener, type McpLink } from '../../domain/ports/mcp.ts'

export type StdioLinkOptions = Readonly<{
  /** Between closing its input and SIGTERM, and between that and SIGKILL. Default 5 000. */
  stopGraceMs?: number
  /** More than this is not kept for a child that does not read. Default 16 MiB. */
  maxQueuedBytes?: number
}>

/** Thrown by `send` while the child leaves its input unread. The line stays open. */
export class ServerNotReading extends Error {
  override readonly name = 'ServerNotReading'
}

export function createStdioLink(child: ChildProcess, { stopGraceMs = 5_000, maxQueuedBytes = 16 << 20 }: StdioLinkOptions = {}): McpLink {
  let end: LinkEnd | undefined
  let listener: LinkListener | undefined
  let queuedBytes = 0
  const ended = Promise.withResolvers<LinkEnd>()

  function finish(reason: LinkEnd): void {
    if (end !== undefined) return
    end = reason
    ended.resolve(reason)
  }

  void child.ended.then(({ code, signal, outOfMemory }) =>
    finish({
      reason: 'exited',
      says: outOfMemory ? 'it ran out of memory and was killed' : `it ended with ${signal ?? `code ${code}`}`,
    }),
  )

  return {
    kind: 'stdio',
    ended: ended.promise,

    listen(to) {
      listener = to
      child.read({
        line(text) {
          if (text.length === 0) return
          const message = readMessage(text)
          if (isReadable(message)) listener?.message(message, undefined)
          else listener?.noise(message.unreadable, excerpt(text))
        },
        ended(why) {
          if (why === 'too-long') finish({ reason: 'output-too-large', says: 'it wrote a line that is longer than a message may be' })
          // A child that is ending closes its output first, and its exit tells more.
          else setTimeout(() => finish({ reason: 'output-closed', says: 'it closed its output and lives on' }), 100).unref()
        },
      })
    },

    async send({ text }: Message) {
      if (end !== undefined) throw new LinkEnded(end)
      if (queuedBytes > maxQueuedBytes) throw new ServerNotReading(`it has not read ${queuedBytes} bytes of its input`)
      queuedBytes += text.length
      try {
        await child.write(text)
      } catch (error) {
        // The pipe may have taken it before it broke.
        const why: LinkEnd = { reason: 'exited', says: error instanceof Error ? error.message : 'its input is closed' }
        throw new LinkEnded(end ?? why, { unsent: false })
      } finally {
        queuedBytes -= text.length
      }
    },

    abandon: (_id: RequestId) => false,
    agreed() {},

    async close() {
      finish({ reason: 'asked', says: 'the line was closed' })
      await child.stop(stopGraceMs)
    },
  }
}

const excerpt = (text: string): string => text.slice(0, 200)
