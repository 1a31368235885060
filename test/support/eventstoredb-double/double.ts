/**
 * An EventStoreDB server in this process: the wire protocol of the client's own service definitions over real sockets, behaving as a 23.10 server
 * does (test/adapters/event-store/eventstoredb-double.test.ts is the table of what that means), with faults to order.
 */
import { once } from 'node:events'
import { createServer, type Server as NetServer, type Socket } from 'node:net'
import {
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js'
import { add, begin, MAX_APPEND_SIZE_BYTES, type PendingAppend, store } from './append-answers.ts'
import { CallFailed, serveRead } from './read.ts'
import { ServerLog } from './server-log.ts'
import { features, featuresGrpc, gossip, gossipGrpc, streams, streamsGrpc } from './stubs.ts'

type ReadReq = InstanceType<typeof streams.ReadReq>
type BatchAppendReq = InstanceType<typeof streams.BatchAppendReq>
type BatchAppendResp = InstanceType<typeof streams.BatchAppendResp>

export interface EventStoreDbDouble extends AsyncDisposable {
  readonly url: string
  readonly host: string
  readonly port: number
  readonly log: ServerLog
  /** Calls that are open now, by kind: a client that walks away must leave none. */
  readonly open: { reads: number; subscriptions: number; appendStreams: number }
  /** Connections that clients have now. */
  readonly connections: number
  /** Every answer waits so long. */
  delayMs: number
  /** False: like a server before 23.10, never says that a subscription has caught up. */
  saysCaughtUp: boolean
  /** False: like a node that is cut off from the others; its subscriptions bring nothing, and are not ended. */
  hears: boolean
  /** Set: this node does not lead, and sends whoever needs the leader there. */
  leader: Readonly<{ host: string; port: number }> | undefined
  /** What one append may hold; default 1 048 576. */
  maxAppendBytes: number
  /** The next subscription fails with this status. */
  refuseNextSubscription(code: status): void
  /** Nothing is read or answered any more, and nobody is told. */
  freeze(): void
  thaw(): void
  /** Cuts all connections; new ones are served. */
  drop(): void
  /** Like kill -9: cuts all connections and refuses new ones. The log stays. */
  kill(): Promise<void>
  /** Like SIGTERM: streams end with code 13, then nobody answers. */
  stopGracefully(): Promise<void>
  /** Listens again, on the same port, with the same log. */
  start(): Promise<void>
  /** The next append is stored, and not answered. */
  loseNextAcknowledgement(): void
  close(): Promise<void>
}

export async function startEventStoreDbDouble(log = new ServerLog()): Promise<EventStoreDbDouble> {
  const open = { reads: 0, subscriptions: 0, appendStreams: 0 }
  const sockets = new Set<Socket>()
  const endings = new Set<() => void>()
  let gate: PromiseWithResolvers<void> | undefined
  let losing = false
  const refusals: status[] = []

  const double: EventStoreDbDouble & { port: number } = {
    log,
    open,
    host: '127.0.0.1',
    port: 0,
    delayMs: 0,
    saysCaughtUp: true,
    hears: true,
    leader: undefined,
    maxAppendBytes: MAX_APPEND_SIZE_BYTES,
    get url() {
      return `esdb://${double.host}:${double.port}?tls=false`
    },
    get connections() {
      return sockets.size
    },
    refuseNextSubscription(code) {
      refusals.push(code)
    },
    freeze() {
      gate ??= Promise.withResolvers()
    },
    thaw() {
      gate?.resolve()
      gate = undefined
    },
    drop() {
      for (const socket of sockets) socket.resetAndDestroy()
      sockets.clear()
    },
    async kill() {
      const closed = listener.listening ? once(listener, 'close') : undefined
      listener.close()
      double.drop()
      await closed
    },
    async stopGracefully() {
      for (const end of [...endings]) end()
      // A stopping server serves some time more; the ends of the streams are on the wire by then.
      await new Promise((resolve) => setTimeout(resolve, 50))
      await double.kill()
    },
    async start() {
      if (!listener.listening) listener = await listen(double.port, accept)
    },
    loseNextAcknowledgement() {
      losing = true
    },
    async close() {
      double.thaw()
      await double.kill()
      grpc.forceShutdown()
    },
    [Symbol.asyncDispose]: () => double.close(),
  }

  /** Stands between the client and every step, so that a freeze holds in the middle of anything. */
  const pass = async (): Promise<void> => {
    while (gate) await gate.promise
    if (double.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, double.delayMs))
  }

  const read: handleServerStreamingCall<ReadReq, Uint8Array> = (call) => {
    if (double.leader) return void call.emit('error', notLeader(double.leader))
    const refusal = call.request.getOptions()?.hasSubscription() ? refusals.shift() : undefined
    if (refusal !== undefined) return void call.emit('error', { code: refusal, details: 'Exception was thrown by handler.' })
    const options = call.request.getOptions()
    if (!options) return void call.destroy(new CallFailed(status.INVALID_ARGUMENT, 'no options'))
    const kind = options.hasSubscription() ? 'subscriptions' : 'reads'
    const abort = new AbortController()
    const fail = (error: unknown): void => {
      call.emit('error', {
        code: error instanceof CallFailed ? error.code : status.INTERNAL,
        details: String(error instanceof Error ? error.message : error),
      })
    }
    const end = (): void => fail(new CallFailed(status.INTERNAL, 'Received RST_STREAM with code 0'))
    open[kind] += 1
    endings.add(end)
    const finish = (): void => {
      if (abort.signal.aborted) return
      abort.abort()
      open[kind] -= 1
      endings.delete(end)
    }
    call.on('cancelled', finish)
    call.on('close', finish)
    const write = async (answer: Uint8Array): Promise<void> => {
      if (gate || double.delayMs > 0) await pass()
      if (abort.signal.aborted || (kind === 'subscriptions' && !double.hears)) return
      if (!call.write(answer)) await once(call, 'drain', { signal: abort.signal }).catch(() => undefined)
    }
    void pass()
      .then(() => serveRead({ log, options, saysCaughtUp: double.saysCaughtUp, signal: abort.signal, write }))
      .then(() => {
        if (!abort.signal.aborted) call.end()
      }, fail)
      .finally(finish)
  }

  const batchAppend: handleBidiStreamingCall<BatchAppendReq, BatchAppendResp> = (call) => {
    if (double.leader) return void call.emit('error', notLeader(double.leader))
    const pending = new Map<string, PendingAppend>()
    const end = (): void => void call.emit('error', { code: status.INTERNAL, details: 'Received RST_STREAM with code 0' })
    let order = Promise.resolve()
    let over = false
    open.appendStreams += 1
    endings.add(end)
    const finish = (): void => {
      if (over) return
      over = true
      open.appendStreams -= 1
      endings.delete(end)
    }
    const handle = (request: BatchAppendReq): void => {
      if (double.leader) return void call.emit('error', notLeader(double.leader))
      const correlationId = request.getCorrelationId()
      const key = correlationId?.getString() ?? ''
      const options = request.getOptions()
      const append = options ? begin(options) : pending.get(key)
      if (!append) return
      pending.set(key, append)
      add(append, request)
      if (!request.getIsFinal()) return
      pending.delete(key)
      const answer = store(log, append, double.maxAppendBytes)
      if (correlationId) answer.setCorrelationId(correlationId)
      if (losing && answer.hasSuccess()) {
        losing = false
        return
      }
      order = order.then(pass).then(() => void (over || call.write(answer)))
    }
    // What the server has received before a freeze waits there; it is stored when it goes on.
    call.on('data', (request: BatchAppendReq) => {
      if (gate) void gate.promise.then(() => handle(request))
      else handle(request)
    })
    call.on('end', () => void order.then(() => call.end()))
    call.on('cancelled', finish)
    call.on('close', finish)
    call.on('error', finish)
  }

  const grpc = new Server({ 'grpc.max_receive_message_length': 16 * 1024 * 1024 })
  grpc.addService(
    {
      ...streamsGrpc.StreamsService,
      read: {
        ...streamsGrpc.StreamsService.read,
        responseSerialize: (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
      },
    },
    { read, batchAppend, delete: softDelete(log) },
  )
  grpc.addService(featuresGrpc.ServerFeaturesService, {
    getSupportedMethods: (_: ServerUnaryCall<unknown, unknown>, answer: sendUnaryData<unknown>) =>
      void pass().then(() => answer(null, supported())),
  })
  grpc.addService(gossipGrpc.GossipService, {
    read: (_: ServerUnaryCall<unknown, unknown>, answer: sendUnaryData<unknown>) => void pass().then(() => answer(null, cluster(double))),
  })
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure())
  const accept = (socket: Socket): void => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    injector.injectConnection(socket)
  }
  let listener = await listen(0, accept)
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('the double listens on no TCP port')
  double.port = address.port
  return double
}

function notLeader({ host, port }: { host: string; port: number }) {
  const metadata = new Metadata()
  metadata.set('exception', 'not-leader')
  metadata.set('leader-endpoint-host', host)
  metadata.set('leader-endpoint-port', String(port))
  return { code: status.NOT_FOUND, details: 'Leader info available', metadata }
}

function supported() {
  const methods = new features.SupportedMethods()
  methods.setEventStoreServerVersion('23.10.8')
  for (const name of ['append', 'batchappend', 'delete', 'read', 'tombstone']) {
    const method = new features.SupportedMethod()
    method.setServiceName('event_store.client.streams.streams')
    method.setMethodName(name)
    methods.addMethods(method)
  }
  return methods
}

function cluster({ host, port }: { host: string; port: number }) {
  const endPoint = new gossip.EndPoint()
  endPoint.setAddress(host)
  endPoint.setPort(port)
  const member = new gossip.MemberInfo()
  member.setState(gossip.MemberInfo.VNodeState.LEADER)
  member.setIsAlive(true)
  member.setHttpEndPoint(endPoint)
  member.setTimeStamp('0')
  const info = new gossip.ClusterInfo()
  info.addMembers(member)
  return info
}

const softDelete =
  (log: ServerLog) =>
  (call: ServerUnaryCall<InstanceType<typeof streams.DeleteReq>, unknown>, answer: sendUnaryData<unknown>): void => {
    const name = call.request.getOptions()?.getStreamIdentifier()?.getStreamName_asU8() ?? new Uint8Array()
    const place = new streams.DeleteResp.Position()
    const position = String(log.softDelete(Buffer.from(name).toString('utf8')))
    place.setCommitPosition(position)
    place.setPreparePosition(position)
    const result = new streams.DeleteResp()
    result.setPosition(place)
    answer(null, result)
  }

async function listen(port: number, accept: (socket: Socket) => void): Promise<NetServer> {
  const listener = createServer({ noDelay: true }, accept)
  listener.listen(port, '127.0.0.1')
  await once(listener, 'listening')
  return listener
}
