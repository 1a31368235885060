/** A real nginx in a scratch directory: configuration, served files, log and pid file of its own, on a port of its own. Ends with `stop`. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.ts'
import { removeTree } from './remove-tree.ts'
import { startTied } from './tied-process.ts'

export type NginxDaemon = Readonly<{
  scratch: string
  configPath: string
  root: string
  logPath: string
  pidFile: string
  port: number
  url: string
  reload: () => void
  stop: () => Promise<void>
}>

export type NginxOptions = Readonly<{ workerLimit?: number; upstream?: string; workers?: number }>

export const isNginxInstalled = (): boolean =>
  ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/usr/bin/nginx'].some((path) => existsSync(path))

export async function startNginx({ workerLimit, upstream, workers = 1 }: NginxOptions = {}): Promise<NginxDaemon> {
  const scratch = mkdtempSync(join(tmpdir(), 'nginx '))
  chmodSync(scratch, 0o755)
  const root = join(scratch, 'www')
  const [configPath, logPath, pidFile] = [join(scratch, 'nginx.conf'), join(scratch, 'error.log'), join(scratch, 'nginx.pid')]
  mkdirSync(join(root, 'docs'), { recursive: true })
  writeFileSync(join(root, 'index.html'), 'well\n')
  writeFileSync(join(root, 'docs', 'page.html'), 'a page\n')
  chmodSync(join(root, 'index.html'), 0o644)
  chmodSync(join(root, 'docs', 'page.html'), 0o644)
  chmodSync(root, 0o755)
  chmodSync(join(root, 'docs'), 0o755)
  const port = await freePort()
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path "${join(scratch, name)}";`).join(' ')
  const config = [
    ...(process.getuid?.() === 0 ? ['user nobody nogroup;'] : []),
    `worker_processes ${workers};`,
    ...(workerLimit === undefined ? [] : [`worker_rlimit_nofile ${workerLimit};`]),
    `pid "${pidFile}";`,
    `error_log "${logPath}" notice;`,
    'events { worker_connections 16; }',
    'http {',
    `  access_log off; ${temp}`,
    `  server { listen 127.0.0.1:${port}; root "${root}"; server_name a;`,
    ...(upstream === undefined ? [] : [`    location /app { proxy_pass http://${upstream}; }`]),
    '  }',
    '}',
    '',
  ].join('\n')
  writeFileSync(configPath, config)
  const server = startTied(['nginx', '-e', 'stderr', '-c', configPath, '-g', 'daemon off;'], { signal: 'TERM' })
  const url = `http://127.0.0.1:${port}/`
  await until(async () => {
    if (server.exitCode() !== undefined) throw new Error(`nginx ended: ${server.complaints()}`)
    return existsSync(pidFile) && (await answers(url))
  })
  return {
    scratch,
    configPath,
    root,
    logPath,
    pidFile,
    port,
    url,
    reload: () => process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGHUP'),
    async stop() {
      await server.stop()
      removeTree(scratch)
    },
  }
}

const answers = (url: string): Promise<boolean> =>
  fetch(url, { signal: AbortSignal.timeout(1_000) }).then(
    async (response) => {
      await response.body?.cancel()
      return true
    },
    () => false,
  )

/** Asks until it is so; ten seconds at most. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  const end = Date.now() + timeoutMs
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not so within ${timeoutMs} ms: ${condition}`)
    await sleep(20)
  }
}
