import { expect, test } from 'vitest'
import { adjustFound } from '../../../src/domain/discovery/adjust-found.ts'
import { clientFormatOf } from '../../../src/domain/discovery/client-format.ts'
import type { FoundServer } from '../../../src/domain/discovery/found.ts'
import { readClientFile } from '../../../src/domain/discovery/read-client-file.ts'
import { readNpmPackage } from '../../../src/domain/discovery/read-npm-package.ts'
import { proposeName } from '../../../src/domain/discovery/server-names.ts'
import { Secret } from '../../../src/domain/ports/secrets.ts'
import { violationsOfName } from '../../../src/domain/server/config-rules.ts'

const read = (path: string, content: unknown) =>
  readClientFile(
    { path, format: clientFormatOf(path) ?? 'mcp', text: new Secret(typeof content === 'string' ? content : JSON.stringify(content)) },
    new Set(),
  )
const one = (body: unknown): FoundServer => {
  const [found] = read('/w/mcp.json', { mcpServers: { files: body } }).servers
  if (!found) throw new Error('nothing was found')
  return found
}
const rulesOf = ({ problems }: FoundServer) => problems.map(({ field, rule }) => `${field} ${rule}`)
const npx = { command: 'npx', args: ['-y', 'server-files@1.2.3'] }

test('each client keeps its file in a place of its own', () => {
  expect(clientFormatOf('/h/Library/Application Support/Claude/claude_desktop_config.json')).toBe('claude-desktop')
  expect(clientFormatOf('/w/.vscode/mcp.json')).toBe('vscode')
  expect(clientFormatOf('/h/.config/Code/User/mcp.json')).toBe('vscode')
  expect(clientFormatOf('/w/.cursor/mcp.json')).toBe('cursor')
  expect(clientFormatOf('/w/.mcp.json')).toBe('mcp')
  expect(clientFormatOf('/w/settings.json')).toBeUndefined()
})

test('a program becomes a stdio server, disabled or not, and its folder is where it is run', () => {
  const found = one({
    ...npx,
    cwd: `\${workspaceFolder}/data`,
    env: { LOG_LEVEL: 'info', PORT: 8080 },
    disabled: true,
    autoApprove: ['read'],
    colour: 'red',
  })
  expect(found.problems).toStrictEqual([])
  expect(found.config?.transport).toStrictEqual({
    ...{ kind: 'stdio', command: 'npx', args: ['-y', 'server-files@1.2.3'] },
    ...{ env: { LOG_LEVEL: 'info', PORT: '8080' }, workingDirectory: '/w/data' },
  })
  expect(found.changes.map(({ field, rule }) => `${field} ${rule}`)).toStrictEqual([
    'transport.workingDirectory variable',
    'transport.command needs-approval',
    ...['disabled not-taken', 'autoApprove not-taken', 'colour not-taken'],
  ])
})

test('VS Code: comments, `servers`, and what the editor would ask for has to be named by a person', () => {
  const text = `{ // mine
    "inputs": [{ "id": "token", "type": "promptString", "password": true }],
    "servers": { "GitHub": { "type": "http", "url": "https://api.example.com/mcp", "headers": { "Authorization": "Bearer \${input:token}", "X-Team": "\${env:TEAM}" } }, },
  }`
  const { servers, problems, notes } = read('/w/.vscode/mcp.json', text)
  expect(problems).toStrictEqual([])
  expect(notes).toMatchObject([{ field: 'inputs', rule: 'not-taken' }])
  const [found] = servers
  if (!found) throw new Error('nothing was found')
  expect(rulesOf(found)).toStrictEqual(['transport.headers.Authorization input-asked'])
  const adjusted = adjustFound(found, { given: { 'transport.headers.Authorization': 'file:github' } })
  expect(adjusted.problems).toStrictEqual([])
  expect(adjusted.secrets).toStrictEqual([])
  expect(adjusted.config?.transport).toStrictEqual({
    ...{ kind: 'http', url: 'https://api.example.com/mcp', query: {} },
    headers: { Authorization: { secret: 'file:github' }, 'X-Team': { secret: 'env:TEAM' } },
  })
})

test.each([
  [{ type: 'sse', url: 'https://e.com/sse' }, 'type transport-sse'],
  [{ type: 'ws', url: 'wss://e.com' }, 'type transport-websocket'],
  [{ url: 'wss://e.com' }, 'transport.url websocket'],
  [{ type: 'pigeon', command: 'x' }, 'type transport-unknown'],
  [{}, 'command missing'],
  [{ command: 'x', url: 'https://e.com' }, 'command transport-ambiguous'],
  [{ command: 'npx -y server@1.2.3 --key=abc' }, 'command command-line'],
  [{ command: '/bin/server --key=abc' }, 'command command-line'],
  [{ command: 'npx', args: ['-y', 'server-files'] }, 'transport.args.1 npx-exact-version'],
  [{ ...npx, args: 'x' }, 'args type'],
  [{ ...npx, env: { NODE_OPTIONS: '--inspect' } }, 'transport.env.NODE_OPTIONS dangerous-variable'],
  [{ command: 'bash', args: ['-c', 'x'] }, 'transport.command shell'],
  [{ ...npx, cwd: 'here' }, 'transport.workingDirectory absolute-path'],
  [{ url: 'not a url' }, 'transport.url url'],
  [{ url: 'https://e.com/?a=1&a=2' }, 'transport.url query'],
])('%j is refused by field and rule: %s', (body, problem) => expect(rulesOf(one(body))).toContain(problem))

test('an exact version, or leaving a member out, makes a refused entry importable', () => {
  const found = one({ command: 'npx', args: ['-y', 'server-files'], env: { PATH: '/usr/bin', MODE: 'fast' } })
  expect(found.problems).not.toStrictEqual([])
  const adjusted = adjustFound(found, { name: 'my-files', version: '1.2.3', given: { 'transport.env.PATH': null } })
  expect(adjusted).toMatchObject({ name: 'my-files', problems: [] })
  expect(adjusted.config?.transport).toMatchObject({ args: ['-y', 'server-files@1.2.3'], env: { MODE: 'fast' } })
  expect(rulesOf(adjustFound(found, { given: { 'transport.env.NOPE': null }, name: 'No!' }))).toEqual(
    expect.arrayContaining(['given.transport.env.NOPE unknown-field', 'name server-name']),
  )
})

test('secrets are taken out of all four places before anything can be shown', () => {
  const { servers } = read('/w/mcp.json', {
    mcpServers: {
      program: {
        ...npx,
        args: [
          '-y',
          'server-files@1.2.3',
          '--api-key=CANARY-a',
          '--token',
          'CANARY-b',
          '-e',
          'GH_TOKEN=CANARY-c',
          '--header',
          'X-Key: CANARY-d',
          'CANARY9x8y7z',
        ],
        env: { API_KEY: 'CANARY-e', ANYTHING: 'CANARY5f6g7h8' },
      },
      address: {
        url: 'https://mira:CANARY-f@mcp.example.com/s/CANARY7a8b9c0d/mcp?key=CANARY-g&mode=fast#CANARY-h',
        headers: { 'X-Auth': 'CANARY-i', 'X-Mode': 'plain' },
      },
    },
  })
  const shown = JSON.stringify(servers)
  expect(shown).not.toContain('CANARY')
  expect(shown).not.toContain(btoa('mira:CANARY-f'))
  expect(servers.flatMap(({ problems }) => problems)).toStrictEqual([])
  const [program, address] = servers
  expect(program?.secrets.map(({ slug, value }) => [slug, value.reveal()])).toStrictEqual([
    ['api-key', '--api-key=CANARY-a'],
    ['token', 'CANARY-b'],
    ['GH_TOKEN', 'GH_TOKEN=CANARY-c'],
    ['X-Key', 'X-Key: CANARY-d'],
    ['argument-10', 'CANARY9x8y7z'],
    ['API_KEY', 'CANARY-e'],
    ['ANYTHING', 'CANARY5f6g7h8'],
  ])
  expect(address?.config?.transport).toStrictEqual({
    kind: 'http',
    url: 'https://mcp.example.com/s',
    pathEnd: { secret: 'file:imported/address/path' },
    query: { key: { secret: 'file:imported/address/query-key' }, mode: 'fast' },
    headers: {
      'X-Auth': { secret: 'file:imported/address/X-Auth' },
      'X-Mode': 'plain',
      Authorization: { secret: 'file:imported/address/Authorization' },
    },
  })
  expect(address?.secrets.find(({ slug }) => slug === 'path')?.value.reveal()).toBe('CANARY7a8b9c0d/mcp')
})

test('what is wrong with a file is told without ending the others, and without its text', () => {
  expect(read('/w/mcp.json', '[]').problems).toMatchObject([{ rule: 'type' }])
  expect(read('/w/mcp.json', '{"mcpServers": 3}').problems).toMatchObject([{ field: 'mcpServers', rule: 'type' }])
  expect(read('/w/mcp.json', '{}').problems).toMatchObject([{ rule: 'missing' }])
  expect(read('/w/claude_desktop_config.json', '{"globalShortcut": "x"}')).toMatchObject({
    problems: [],
    notes: [{ field: 'globalShortcut' }],
  })
  expect(read('/w/mcp.json', '{"a": CANARY').problems).toMatchObject([{ field: 'line 1, column 7', rule: 'not-json' }])
  const { servers } = read('/w/mcp.json', { mcpServers: { bad: 7, good: npx } })
  expect(servers.map(({ problems }) => problems.length)).toStrictEqual([1, 0])
})

test('names are valid, near to the written ones, and given once', () => {
  expect(proposeName('GitHub (work)')).toBe('github-work')
  expect(proposeName('Müller_2')).toBe('muller_2')
  const taken = new Set<string>()
  for (const raw of ['a', 'A', 'a!', '', '---', '🙂', 'x'.repeat(99), 'x'.repeat(98), '__proto__', '名前']) {
    const name = proposeName(raw, taken)
    expect(violationsOfName(name)).toStrictEqual([])
    expect(taken.has(name)).toBe(false)
    taken.add(name)
  }
})

test('an installed package is a server when it says so and has a program', () => {
  const packageOf = (content: object) =>
    readNpmPackage({ path: '/w/node_modules/x/package.json', folder: '/w', text: new Secret(JSON.stringify(content)) }, new Set()).servers
  const [found] = packageOf({ name: '@acme/mcp-weather', version: '1.2.3', bin: { 'mcp-weather': 'x.js' }, description: 'Weather' })
  expect(found).toMatchObject({ name: 'acme-mcp-weather', problems: [] })
  expect(found?.config).toMatchObject({
    description: 'Weather',
    transport: { command: 'npx', args: ['-y', '@acme/mcp-weather@1.2.3'], workingDirectory: '/w' },
  })
  expect(packageOf({ name: 'weather', version: '1.2.3', bin: 'x.js', keywords: ['MCP'] })).toHaveLength(1)
  expect(packageOf({ name: 'mcp-library', version: '1.2.3' })).toStrictEqual([])
  expect(packageOf({ name: 'left-pad', version: '1.2.3', bin: 'x.js' })).toStrictEqual([])
  expect(packageOf({ name: 'mcp-two', version: '1.2.3', bin: { a: 'a.js', b: 'b.js' } })[0]?.problems).toMatchObject([
    { rule: 'several-programs' },
  ])
})
