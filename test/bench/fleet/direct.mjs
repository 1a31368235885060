// The same calls without anything in between: lines to the server's own input, at fixed times.
import { spawn } from 'node:child_process'
import process from 'node:process'

process.on('message', async ({ args, perSecond, ms, body }) => {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const total = Math.round((perSecond * ms) / 1000)
  const at = new Map()
  const times = []
  const done = Promise.withResolvers()
  let rest = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (chunk) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const { id } = JSON.parse(line)
      if (id === 0) begin()
      else times.push(performance.now() - at.get(id))
      if (times.length === total) done.resolve()
    }
  })
  const message = JSON.parse(body)
  child.stdin.write(`${JSON.stringify({ ...message, id: 0 })}\n`)
  function begin() {
    const started = performance.now()
    let sent = 0
    const tick = () => {
      while (sent < total && started + (sent * 1000) / perSecond <= performance.now()) {
        sent++
        at.set(sent, started + ((sent - 1) * 1000) / perSecond)
        child.stdin.write(`${JSON.stringify({ ...message, id: sent })}\n`)
      }
      // Not in a busy loop: that would take a whole core from what is measured. Late by up to a millisecond, with and without what is in between.
      if (sent < total) setTimeout(tick, 1)
    }
    tick()
  }
  await done.promise
  child.stdin.end()
  child.once('exit', () => process.send({ times, failed: 0 }))
})
process.on('disconnect', () => process.exit(0))
