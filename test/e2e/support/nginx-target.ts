/** An nginx that a world watches, and the ways to break it and to hold Steward up while it works on it. */
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type NginxDaemon, type NginxOptions, startNginx } from '../../support/daemons/nginx.ts'
import { until } from '../../support/until.ts'
import type { Registered, Registration, World } from './world.ts'

export type WatchedNginx = Readonly<{ nginx: NginxDaemon; target: Registered }>
export type WatchOptions = NginxOptions &
  Readonly<{
    mode?: Registration['mode']
    /** More of the connection. */
    connection?: (nginx: NginxDaemon) => object
    /** Before it is registered. */
    prepare?: (nginx: NginxDaemon) => void
  }>

/** Starts one, registers it, and takes both away when the test is over. */
export async function watchNginx(
  world: Pick<World, 'register' | 'retire'>,
  name: string,
  { mode = 'propose', connection = () => ({}), prepare, ...options }: WatchOptions = {},
): Promise<WatchedNginx> {
  const nginx = await startNginx(options)
  onTestFinished(() => nginx.stop())
  prepare?.(nginx)
  const target = await world.register({
    name,
    service: 'nginx',
    logPaths: [nginx.logPath],
    configPaths: [nginx.configPath],
    connection: { kind: 'nginx', pidFile: nginx.pidFile, url: nginx.url, roots: [nginx.root], ...connection(nginx) },
    mode,
  })
  onTestFinished(() => world.retire(target.id))
  return { nginx, target }
}

/** A directive that nginx does not know. */
export function spoilConfig({ configPath }: NginxDaemon, word = 'foo_bar'): void {
  writeFileSync(configPath, readFileSync(configPath, 'utf8').replace('http {', `http {\n  ${word} on;`))
}

/** The nginx that Steward calls: the real one, that can be told to refuse the configuration in place, or to take its time. */
export function wrappedNginx({ scratch, configPath }: NginxDaemon): string {
  const path = join(scratch, 'nginx')
  const lines = [
    '#!/bin/sh',
    'for config; do :; done',
    `if [ "$config" = '${configPath}' ] && [ -e '${path}.refuses' ] && sh '${path}.refuses' <"$config"; then echo sabotaged >&2; exit 1; fi`,
    `if [ -e '${path}.holds' ] && sh '${path}.holds' <"$config"; then : >'${path}.held'; while [ -e '${path}.holds' ]; do sleep 0.05; done; fi`,
    'exec nginx "$@"',
    '',
  ]
  writeFileSync(path, lines.join('\n'), { mode: 0o755 })
  return path
}

/** From now on it refuses the configuration in place when this shell command, which reads it, succeeds. */
export const refuseConfig = ({ scratch }: NginxDaemon, condition: string): void =>
  writeFileSync(join(scratch, 'nginx.refuses'), `${condition}\n`)

/** The next call with a configuration on which this shell command succeeds stands still. */
export function holdAt({ scratch }: NginxDaemon, condition: string): Readonly<{ held: () => Promise<void>; release: () => void }> {
  const path = join(scratch, 'nginx.holds')
  writeFileSync(path, `${condition}\n`)
  return { held: () => until(() => existsSync(join(scratch, 'nginx.held'))), release: () => rmSync(path, { force: true }) }
}

/** Connections that are opened and held, until nginx says that it has no descriptor left. */
export async function exhaustDescriptors(nginx: NginxDaemon): Promise<void> {
  const held: Socket[] = []
  onTestFinished(() => {
    for (const socket of held) socket.destroy()
  })
  await until(async () => {
    const socket = connect(nginx.port, '127.0.0.1')
    socket.on('error', () => undefined)
    held.push(socket)
    await Promise.race([once(socket, 'connect'), once(socket, 'close')])
    return readFileSync(nginx.logPath, 'utf8').includes('Too many open files')
  })
}
