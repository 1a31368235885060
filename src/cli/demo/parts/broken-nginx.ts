/** nginx, where it is installed: somebody breaks its configuration and reloads. The site still answers, but nginx would not start again. */
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../free-port.ts'
import { countFromNow, expectFixed, outcomeOf } from '../judge.ts'
import { attach } from '../lifeline.ts'
import { Findings, type Part } from '../part.ts'
import { differencesOf, lookAt } from '../shop.ts'
import { tellStory } from '../story.ts'
import { until } from '../waiting.ts'
import { watchTarget } from '../watch-target.ts'

export const brokenNginx = (binary: string): Part => ({
  name: 'nginx',
  title: 'nginx: broken configuration',
  fault: 'nginx configuration',
  async run(stage) {
    const { screen, api, hostId, hostDir, signal, stack } = stage
    const dir = join(hostDir, 'nginx')
    await mkdir(dir, { mode: 0o700 })
    const [configPath, errorLog, pidFile] = [join(dir, 'nginx.conf'), join(dir, 'error.log'), join(dir, 'nginx.pid')]
    const port = await freePort()
    await writeFile(configPath, configuration({ dir, errorLog, pidFile, port }), { mode: 0o644 })
    const daemon = await attach({
      command: [binary, '-e', errorLog, '-c', configPath, '-g', 'daemon off;'],
      env: process.env,
      cwd: dir,
      logPath: join(dir, 'output.log'),
      graceSeconds: 5,
    })
    stack.defer(() => daemon.stop())
    const url = `http://127.0.0.1:${port}/`
    await until('an answer of nginx', () => answers(url), { signal, withinMs: 15_000 })
    const connection = { kind: 'nginx', binary, pidFile, url }
    const registration = { name: 'shop-web', hostId, service: 'nginx', logPaths: [errorLog], configPaths: [configPath], connection }
    const target = await screen.during('watching nginx too', () =>
      watchTarget(api, { ...registration, stateDir: stage.target.stateDir }, signal),
    )

    const [actions, good] = [await countFromNow(stage), await lookAt(configPath)]
    screen.say('Somebody writes server_tokens perhaps; at the end of nginx.conf, and reloads')
    const since = new Date()
    await appendFile(configPath, 'server_tokens perhaps;\n')
    process.kill(Number(await readFile(pidFile, 'utf8')), 'SIGHUP')

    const told = await tellStory({ ...stage, targetId: target.id, faultId: 'nginx.broken-configuration', since })
    const findings = new Findings(screen)
    expectFixed(findings, told)
    const different = differencesOf(good, await lookAt(configPath))
    findings.expect(different.length === 0, 'nginx.conf is the last good file', `nginx.conf differs in ${different.join(', ')}`)
    findings.expect((await answers(url)) === true, 'nginx answers')
    return outcomeOf(told, await actions(), findings)
  },
})

type Paths = Readonly<{ dir: string; errorLog: string; pidFile: string; port: number }>

const configuration = ({ dir, errorLog, pidFile, port }: Paths): string => {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `  ${name}_temp_path "${join(dir, name)}";`)
  return [
    // For root, nginx wants to become somebody else, and the account it was built for is not on every machine.
    ...(process.getuid?.() === 0 ? ['user root root;'] : []),
    'worker_processes 1;',
    `pid "${pidFile}";`,
    `error_log "${errorLog}" notice;`,
    'events { worker_connections 32; }',
    'http {',
    '  access_log off;',
    ...temporary,
    `  server { listen 127.0.0.1:${port}; location / { return 200 "the shop is open\\n"; } }`,
    '}',
    '',
  ].join('\n')
}

async function answers(url: string): Promise<true | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
    await response.body?.cancel()
    return response.ok ? true : undefined
  } catch {
    return undefined
  }
}
