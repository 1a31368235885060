import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ConfigScanOptions } from '../../../src/adapters/config-scan/config-scan.ts'
import { createConfigScan } from '../../../src/adapters/config-scan/config-scan.ts'

let base: string
let root: string
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'steward-scan-')))
  root = join(base, 'root')
  mkdirSync(root)
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

function put(path: string, content: string | Buffer = '{}'): string {
  const full = join(root, path)
  mkdirSync(dirname(full), { recursive: true })
  writeFileSync(full, content)
  return full
}

async function scan(options: Partial<ConfigScanOptions> = {}): Promise<readonly string[]> {
  const files = await createConfigScan({ directories: [root], ...options }).scan()
  return files.map((file) => `${relative(root, file.path)} ${file.kind === 'text' ? file.format : file.rule}`)
}

test('configurations are found where clients keep them, and nothing else is read', async () => {
  put('claude_desktop_config.json')
  put('site/.vscode/mcp.json')
  put('site/.cursor/mcp.json')
  put('site/mcp.json')
  put('site/.mcp.json')
  put('site/settings.json')
  put('.git/mcp.json')
  expect(await scan()).toStrictEqual([
    'claude_desktop_config.json claude-desktop',
    ...['site/.cursor/mcp.json cursor', 'site/.mcp.json mcp', 'site/.vscode/mcp.json vscode', 'site/mcp.json mcp'],
  ])
})

test('of a home directory, only the well-known places are looked at', async () => {
  put('.config/Claude/claude_desktop_config.json')
  put('.cursor/mcp.json')
  put('projects/mcp.json')
  expect(await scan({ directories: [], homes: [root] })).toStrictEqual([
    '.config/Claude/claude_desktop_config.json claude-desktop',
    '.cursor/mcp.json cursor',
  ])
})

test('installed packages are found with their scope, what they depend on is not', async () => {
  put('app/node_modules/mcp-a/package.json')
  put('app/node_modules/mcp-a/node_modules/mcp-deep/package.json')
  put('app/node_modules/@acme/mcp-b/package.json')
  put('app/node_modules/.bin/package.json')
  const files = await createConfigScan({ directories: [root] }).scan()
  expect(files).toMatchObject([
    { path: join(root, 'app/node_modules/@acme/mcp-b/package.json'), folder: join(root, 'app') },
    { path: join(root, 'app/node_modules/mcp-a/package.json'), folder: join(root, 'app') },
  ])
})

test('each hostile file gives its own named problem, and the scan goes on', async () => {
  const huge = put('a-huge/mcp.json', '')
  truncateSync(huge, 1024 ** 3)
  put('b-binary/mcp.json', Buffer.from([0x7b, 0xff, 0xfe, 0x7d]))
  put('c-utf16/mcp.json', Buffer.from('\ufeff{}', 'utf16le'))
  put('d-bom/mcp.json', Buffer.from('\ufeff{}'))
  mkdirSync(join(root, 'e-loop'))
  symlinkSync('mcp.json', join(root, 'e-loop/mcp.json'))
  mkdirSync(join(root, 'f-fifo'))
  execFileSync('mkfifo', [join(root, 'f-fifo/mcp.json')])
  mkdirSync(join(root, 'g-device'))
  symlinkSync('/dev/zero', join(root, 'g-device/mcp.json'))
  writeFileSync(join(base, 'secret.json'), '{}')
  mkdirSync(join(root, 'h-outside'))
  symlinkSync(join(base, 'secret.json'), join(root, 'h-outside/mcp.json'))
  mkdirSync(join(root, 'i-nowhere'))
  symlinkSync('nothing', join(root, 'i-nowhere/mcp.json'))
  symlinkSync('..', put('j-up/placeholder') && join(root, 'j-up/loop'))
  put('z/mcp.json')
  const begun = performance.now()
  expect(await scan()).toStrictEqual([
    ...['a-huge/mcp.json too-large', 'b-binary/mcp.json not-utf-8', 'c-utf16/mcp.json not-utf-8', 'd-bom/mcp.json mcp'],
    ...['e-loop/mcp.json symlink-loop', 'f-fifo/mcp.json not-a-regular-file', 'g-device/mcp.json outside-directories'],
    ...['h-outside/mcp.json outside-directories', 'i-nowhere/mcp.json missing', 'j-up/loop symlink-loop', 'z/mcp.json mcp'],
  ])
  expect(performance.now() - begun).toBeLessThan(5_000)
})

test('a byte-order mark is no part of the text', async () => {
  put('mcp.json', Buffer.from('\ufeff{"a":1}'))
  const [file] = await createConfigScan({ directories: [root] }).scan()
  expect(file?.kind === 'text' && file.text.reveal()).toBe('{"a":1}')
})

test('a socket in place of a file is none', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(join(root, 'mcp.json'), resolve))
  try {
    expect(await scan()).toStrictEqual(['mcp.json not-a-regular-file'])
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
})

test('what may not be read is told by its directory or file', async () => {
  put('closed/mcp.json')
  put('mcp.json')
  chmodSync(join(root, 'closed'), 0o000)
  chmodSync(join(root, 'mcp.json'), 0o000)
  try {
    // Root may read everything, so for root the opposite has to hold.
    const isRoot = process.getuid?.() === 0
    expect(await scan()).toStrictEqual(
      isRoot ? ['closed/mcp.json mcp', 'mcp.json mcp'] : ['closed permission-denied', 'mcp.json permission-denied'],
    )
  } finally {
    chmodSync(join(root, 'closed'), 0o700)
  }
})

test('depth and number have bounds, and a bound that was reached is told', async () => {
  put('a/b/c/d/mcp.json')
  put('mcp.json')
  expect(await scan({ maxDepth: 2 })).toStrictEqual(['a/b/c too-deep', 'mcp.json mcp'])
  for (let index = 0; index < 30; index++) put(`many/${index}/mcp.json`)
  const bounded = await scan({ maxFiles: 5 })
  expect(bounded.filter((line) => line.endsWith(' mcp'))).toHaveLength(5)
  expect(bounded).toContain(' too-many-files')
  expect(await scan({ maxEntries: 3 })).toContain(' too-many-files')
})

test('one file under two names is one file', async () => {
  const file = put('a/mcp.json')
  mkdirSync(join(root, 'b'))
  symlinkSync(file, join(root, 'b/mcp.json'))
  expect(await scan()).toStrictEqual(['a/mcp.json mcp'])
})

test('a directory that is not there is told, and the others are looked through', async () => {
  put('mcp.json')
  const files = await createConfigScan({ directories: [join(base, 'nothing'), root] }).scan()
  expect(files.map((file) => (file.kind === 'problem' ? file.rule : file.format))).toStrictEqual(['missing', 'mcp'])
})

test('a scan ends when it is told to', async () => {
  put('mcp.json')
  await expect(createConfigScan({ directories: [root] }).scan({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
})
