import { expect, test } from 'vitest'
import { createLaunch, type LaunchOptions } from '../../../src/commands/fleet/launch.ts'
import { SpawnFailed } from '../../../src/domain/ports/child-processes.ts'
import type { McpLink } from '../../../src/domain/ports/mcp.ts'
import { Secret } from '../../../src/domain/ports/secrets.ts'
import type { HttpTransport } from '../../../src/domain/server/config.ts'
import { config } from '../../domain/server/given.ts'

const nobodyAsks = () => {
  throw new Error('nobody asks for this')
}

/** The address that a link was asked for, when the file of the secret holds this. */
async function addressOf(transport: Omit<HttpTransport, 'kind'>, inFile = ''): Promise<string> {
  const asked: string[] = []
  const link: McpLink = {
    ...{ kind: 'http', listen: nobodyAsks, send: nobodyAsks, abandon: nobodyAsks, agreed: nobodyAsks },
    ended: new Promise(() => undefined),
    close: async () => undefined,
  }
  const options: LaunchOptions = {
    links: {
      stdio: nobodyAsks,
      http({ url }) {
        asked.push(url)
        return link
      },
    },
    processes: { spawn: nobodyAsks },
    secrets: { resolve: async () => new Secret(inFile) },
  }
  await createLaunch(options)({
    ...{ runId: 'r', approved: false, logPath: '/dev/null' },
    config: { ...config, transport: { kind: 'http', ...transport } },
  })
  return asked.join()
}

const base = { url: 'https://mcp.example.com/s', query: { mode: 'fast' }, headers: {} }

test('the end of a path comes from its file, and stays a path of the same host', async () => {
  const pathEnd = { secret: 'file:imported/address/path' } as const
  expect(await addressOf(base)).toBe('https://mcp.example.com/s?mode=fast')
  expect(await addressOf({ ...base, pathEnd }, 'KEY/mcp')).toBe('https://mcp.example.com/s/KEY/mcp?mode=fast')
  expect(await addressOf({ ...base, url: 'https://mcp.example.com/', pathEnd }, 'a%20b')).toBe('https://mcp.example.com/a%20b?mode=fast')
  expect(await addressOf({ ...base, pathEnd }, '/evil.example.org/x?admin=1#y')).toBe(
    'https://mcp.example.com/s//evil.example.org/x%3Fadmin=1%23y?mode=fast',
  )
})

test('an argument that comes from a file may not change what runs, whoever approved its reference', async () => {
  const started: string[][] = []
  const launch = (inFile: string) =>
    createLaunch({
      links: { stdio: nobodyAsks, http: nobodyAsks },
      processes: {
        ...{ sweep: nobodyAsks, limiting: nobodyAsks, holding: nobodyAsks, close: nobodyAsks },
        async spawn({ args }) {
          started.push([...args])
          throw new SpawnFailed({ rule: 'executable-missing', says: 'it ends here' })
        },
      },
      secrets: { resolve: async () => new Secret(inFile) },
    })({
      ...{ runId: 'r', approved: true, logPath: '/dev/null' },
      config: { ...config, transport: { kind: 'stdio', command: 'node', args: [{ secret: 'file:first' }, 'main.js'], env: {} } },
    })
  await expect(launch('--require=/tmp/CANARY.js')).rejects.toMatchObject({
    reason: 'executable-forbidden',
    message: expect.not.stringContaining('CANARY'),
  })
  await expect(launch('--no-warnings')).rejects.toMatchObject({ reason: 'executable-missing' })
  expect(started).toStrictEqual([['--no-warnings', 'main.js']])
})
