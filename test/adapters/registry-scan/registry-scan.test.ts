import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createRegistryScan } from '../../../src/adapters/registry-scan/registry-scan.ts'
import { readRegistry } from '../../../src/domain/discovery/read-registry.ts'
import { Secret } from '../../../src/domain/ports/secrets.ts'

async function registry(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => void server.close().closeAllConnections())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const page = (names: readonly string[], nextCursor?: string) =>
  JSON.stringify({ servers: names.map((name) => ({ server: { name } })), metadata: { count: names.length, nextCursor } })

test('every page is read, from the address of the registry alone', async () => {
  const asked: string[] = []
  const url = await registry(({ url: path = '' }, response) => {
    asked.push(path)
    response.end(path.includes('cursor=next') ? page(['b']) : page(['a'], 'next'))
  })
  const found = await createRegistryScan({ url }).scan()
  expect(found.map((each) => (each.kind === 'text' ? each.text.reveal() : each.rule))).toStrictEqual([page(['a'], 'next'), page(['b'])])
  expect(asked).toStrictEqual(['/v0.1/servers?limit=100&version=latest', '/v0.1/servers?limit=100&version=latest&cursor=next'])
})

test.for<readonly [string, RequestListener, string]>([
  ['an error', (_, response) => void response.writeHead(500).end(), 'unreadable'],
  ['another place', (_, response) => void response.writeHead(302, { location: 'http://169.254.169.254/' }).end(), 'unreadable'],
  ['more than it may', (_, response) => void response.end('x'.repeat(2_000)), 'too-large'],
  ['no UTF-8', (_, response) => void response.end(Buffer.from([0xff, 0xfe, 0xff])), 'not-utf-8'],
  ['itself again', (_, response) => void response.end(page(['a'], 'same')), 'unreadable'],
  ['nothing', () => undefined, 'unreadable'],
])('a registry that answers with %s is one named problem', async ([, listener, rule]) => {
  const url = await registry(listener)
  const found = await createRegistryScan({ url, maxBytes: 1_000, timeoutMs: 500 }).scan()
  expect(found.at(-1)).toMatchObject({ kind: 'problem', rule })
})

test('of what a registry lists, exact npm packages and addresses can be imported; what a person is asked for must be given', () => {
  const text = JSON.stringify({
    servers: [
      {
        server: {
          name: 'io.example/files',
          description: 'Files',
          packages: [
            { registryType: 'pypi', identifier: 'files', version: '1.0.0' },
            {
              ...{ registryType: 'npm', identifier: '@example/files', version: '1.2.3', transport: { type: 'stdio' } },
              packageArguments: [{ type: 'positional', value: '/srv' }],
              environmentVariables: [
                { name: 'TOKEN', isRequired: true, isSecret: true },
                { name: 'LEVEL', default: 'info' },
                { name: 'COLOUR' },
              ],
            },
          ],
        },
      },
      {
        server: {
          name: 'io.example/wiki',
          remotes: [{ type: 'streamable-http', url: 'https://wiki.example/mcp', headers: [{ name: 'X-Key', value: 'Bearer {key}' }] }],
        },
      },
      { server: { name: 'io.example/image', packages: [{ registryType: 'oci', identifier: 'x', version: '1' }] } },
    ],
  })
  const { servers, notes } = readRegistry({ path: 'https://r.example/v0.1/servers', text: new Secret(text) }, new Set())
  expect(servers.map(({ name, problems }) => [name, problems.map(({ field, rule }) => `${field} ${rule}`)])).toStrictEqual([
    ['io-example-files', ['transport.env.TOKEN input-asked']],
    ['io-example-wiki', ['transport.headers.X-Key input-asked']],
  ])
  expect(servers[0]?.config?.transport).toMatchObject({
    ...{ command: 'npx', args: ['-y', '@example/files@1.2.3', '/srv'] },
    env: { LEVEL: 'info' },
  })
  expect(notes).toMatchObject([{ field: 'io.example/image', rule: 'not-taken' }])
})
