/** A program behind nginx that the inventory knows how to start. Each start leaves a line on the host, so that nobody has to be believed about them. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { freePort } from '../../support/daemons/free-port.ts'
import { until } from '../../support/until.ts'
import { type WatchedNginx, watchNginx } from './nginx-target.ts'
import { statusOf } from './witness.ts'
import type { Registration, World } from './world.ts'

export type Backend = Readonly<{
  port: number
  /** The executable that the inventory names. */
  start: string
  /** Of every start, the SSH connection it came through: client address and port, server address and port. */
  starts: () => readonly string[]
  answers: () => Promise<boolean>
  /** A start stands still until it is released. */
  hold: () => Readonly<{ held: () => Promise<void>; release: () => void }>
  /** As if it had crashed. */
  kill: () => void
}>

/** nginx passes `/app` on to it. It does not run yet. */
export async function watchBackend(
  world: Pick<World, 'register' | 'retire'>,
  name: string,
  mode: Registration['mode'],
): Promise<WatchedNginx & { backend: Backend }> {
  const port = await freePort()
  let at = ''
  const path = (file: string): string => join(at, file)
  const watched = await watchNginx(world, name, {
    upstream: `127.0.0.1:${port}`,
    ...(mode === undefined ? {} : { mode }),
    connection: ({ scratch }) => {
      at = scratch
      writeFileSync(path('start'), startScript(scratch, port), { mode: 0o755 })
      onTestFinished(() => kill(path('app.pid')))
      const control = { kind: 'direct', start: path('start'), pidFile: path('app.pid') }
      return { backends: [{ address: `127.0.0.1:${port}`, control }] }
    },
  })
  const starts = (): readonly string[] => (existsSync(path('starts')) ? readFileSync(path('starts'), 'utf8').trimEnd().split('\n') : [])
  return {
    ...watched,
    backend: {
      port,
      start: path('start'),
      starts,
      answers: async () => (await statusOf(watched.nginx.url, '/app')) === 200,
      hold: () => {
        const already = starts().length
        writeFileSync(path('hold'), '')
        return { held: () => until(() => starts().length > already), release: () => rmSync(path('hold'), { force: true }) }
      },
      kill: () => kill(path('app.pid')),
    },
  }
}

const startScript = (scratch: string, port: number): string =>
  [
    '#!/bin/sh',
    `cd '${scratch}' || exit 1`,
    'echo "$SSH_CONNECTION" >>starts',
    'while [ -e hold ]; do sleep 0.05; done',
    'echo $$ >app.pid',
    `exec '${process.execPath}' -e "require('node:http').createServer((_, answer) => answer.end('app')).listen(${port}, '127.0.0.1')"`,
    '',
  ].join('\n')

function kill(pidFile: string): void {
  try {
    process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL')
  } catch {
    // It was never started, or has ended.
  }
}
