/**
 * Redis, where it is installed: somebody lowers maxmemory, and writers are refused. Back up to the recorded value is allowed by the policy and the
 * target is in mode act, so nobody is asked.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createClient } from 'redis'
import { freePort } from '../free-port.ts'
import { countFromNow, expectFixed, outcomeOf } from '../judge.ts'
import { attach } from '../lifeline.ts'
import { Findings, type Part } from '../part.ts'
import { tellStory } from '../story.ts'
import { until } from '../waiting.ts'
import { watchTarget } from '../watch-target.ts'

const GOOD_BYTES = 16 * 1_048_576
const LOWERED_BYTES = 4 * 1_048_576
const VALUE = 'x'.repeat(65_536)

export const fullRedis = (binary: string): Part => ({
  name: 'redis',
  title: 'Redis: maxmemory reached',
  fault: 'Redis memory full',
  async run(stage) {
    const { screen, api, hostId, hostDir, signal, stack } = stage
    const dir = join(hostDir, 'redis')
    await mkdir(dir, { mode: 0o700 })
    const [configPath, logPath] = [join(dir, 'redis.conf'), join(dir, 'redis.log')]
    const port = await freePort()
    const settings = [
      'bind 127.0.0.1',
      `port ${port}`,
      `dir "${dir}"`,
      `logfile "${logPath}"`,
      `maxmemory ${GOOD_BYTES}`,
      'maxmemory-policy noeviction',
      'save ""',
    ]
    await writeFile(configPath, `${settings.join('\n')}\n`, { mode: 0o600 })
    const daemon = await attach({
      command: [binary, configPath],
      env: process.env,
      cwd: dir,
      logPath: join(dir, 'output.log'),
      graceSeconds: 5,
    })
    stack.defer(() => daemon.stop())
    const client = createClient({ socket: { host: '127.0.0.1', port, reconnectStrategy: (retries) => Math.min(50 * retries, 500) } })
    client.on('error', () => undefined)
    await client.connect()
    stack.defer(() => client.destroy())
    await until('an answer of Redis', async () => ((await client.ping()) === 'PONG' ? true : undefined), { signal })
    const connection = { kind: 'redis', at: { host: '127.0.0.1', port } }
    const registration = { name: 'shop-cache', hostId, service: 'redis', logPaths: [logPath], configPaths: [configPath], connection }
    const target = await screen.during('watching Redis too', () =>
      watchTarget(api, { ...registration, stateDir: stage.target.stateDir, mode: 'act' }, signal),
    )

    const actions = await countFromNow(stage)
    screen.say('Somebody lowers maxmemory from 16 MiB to 4 MiB, and the shop goes on writing')
    const since = new Date()
    await client.configSet('maxmemory', String(LOWERED_BYTES))
    const write = async (key: string): Promise<string | undefined> =>
      client.set(key, VALUE).then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      )
    let refusal: string | undefined
    for (let n = 0; refusal === undefined && n < (2 * LOWERED_BYTES) / VALUE.length; n++) refusal = await write(`order:${n}`)
    screen.say(`A writer is refused: ${refusal ?? 'no'}`)

    const told = await tellStory({ ...stage, targetId: target.id, faultId: 'redis.memory-full', since })
    const findings = new Findings(screen)
    expectFixed(findings, told)
    findings.expect(told.incident.authority?.['kind'] === 'policy', 'nobody was asked: a rule of the policy allows it, up to medium risk')
    const now = Number((await client.configGet('maxmemory'))['maxmemory'])
    findings.expect(now === GOOD_BYTES, `maxmemory is ${GOOD_BYTES} again, as recorded`, `maxmemory is ${now}, recorded was ${GOOD_BYTES}`)
    const again = await write('order:last')
    findings.expect(again === undefined, 'a writer is let in', `a writer is still refused: ${again}`)
    return outcomeOf(told, await actions(), findings)
  },
})
