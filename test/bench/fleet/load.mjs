// Callers, in a process of their own so that what they cost is not counted: raw sockets, answers read by their length.
import { connect } from 'node:net'
import process from 'node:process'

process.on('message', async (job) => {
  process.send(await (job.perSecond === undefined ? closedLoop(job) : openLoop(job)))
})
process.on('disconnect', () => process.exit(0))

/** Each caller has an id of its own: in a session, two requests with one id may not be under way. */
function bytesOf({ url, headers, body: template }, caller) {
  const body = template.replace('"id":7', `"id":${1000 + caller}`)
  const { host, pathname } = new URL(url)
  const lines = Object.entries({ host, ...headers, 'content-length': Buffer.byteLength(body) }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  )
  return Buffer.from(`POST ${pathname} HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
}

/** Calls `answered` with the time of each answer. One request at a time on each connection. */
function caller({ url, answers = '"result"' }, request, answered) {
  const { port, hostname } = new URL(url)
  const socket = connect({ port: Number(port), host: hostname, noDelay: true })
  let rest = ''
  let sentAt = 0
  socket.setEncoding('latin1')
  socket.on('data', (chunk) => {
    rest += chunk
    const end = rest.indexOf('\r\n\r\n')
    if (end === -1) return
    const length = /content-length: (\d+)/i.exec(rest.slice(0, end))?.[1]
    // Others answer in chunks, as a stream of events; one answer at a time, so that the last chunk ends what is there.
    if (length === undefined ? !rest.endsWith('0\r\n\r\n') : rest.length < end + 4 + Number(length)) return
    const ok = rest.startsWith('HTTP/1.1 200') && rest.includes(answers)
    const text = rest
    rest = ''
    answered(performance.now() - sentAt, ok, text)
  })
  return {
    ready: new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject)),
    send(atMs = performance.now()) {
      sentAt = atMs
      socket.write(request)
    },
    close: () => socket.destroy(),
  }
}

async function closedLoop(job) {
  const until = performance.now() + job.ms
  let calls = 0
  let failed = 0
  let example
  const callers = Array.from({ length: job.callers }, (_, index) => {
    const done = Promise.withResolvers()
    const one = caller(job, bytesOf(job, index), (_ms, ok, text) => {
      calls++
      if (!ok) {
        failed++
        example ??= text.slice(0, 400)
      }
      if (performance.now() < until) one.send()
      else done.resolve()
    })
    return { ...one, done: done.promise }
  })
  await Promise.all(callers.map(({ ready }) => ready))
  const started = performance.now()
  for (const one of callers) one.send()
  await Promise.all(callers.map(({ done }) => done))
  const seconds = (performance.now() - started) / 1000
  for (const one of callers) one.close()
  return { callsPerSecond: calls / seconds, calls, failed, example }
}

/** Sends at fixed times whatever happens to the answers; each time counts from when its call was due. */
async function openLoop(job) {
  const total = Math.round((job.perSecond * job.ms) / 1000)
  const times = []
  let failed = 0
  let example
  const idle = []
  const due = []
  const done = Promise.withResolvers()
  const callers = Array.from({ length: 64 }, (_, index) => {
    const one = caller(job, bytesOf(job, index), (ms, ok, text) => {
      times.push(ms)
      if (!ok) {
        failed++
        example ??= text.slice(0, 400)
      }
      const next = due.shift()
      if (next === undefined) idle.push(one)
      else one.send(next)
      if (times.length === total) done.resolve()
    })
    idle.push(one)
    return one
  })
  await Promise.all(callers.map(({ ready }) => ready))
  const started = performance.now()
  let sent = 0
  const tick = () => {
    const now = performance.now()
    while (sent < total && started + (sent * 1000) / job.perSecond <= now) {
      const at = started + (sent++ * 1000) / job.perSecond
      const one = idle.pop()
      if (one === undefined) due.push(at)
      else one.send(at)
    }
    // Not in a busy loop: that would take a whole core from what is measured. Late by up to a millisecond, with and without what is in between.
    if (sent < total) setTimeout(tick, 1)
  }
  tick()
  await done.promise
  for (const one of callers) one.close()
  return { times, failed, example }
}
