import { expect, test } from 'vitest'
import type { ServerConfig } from '../../../src/domain/server/config.ts'
import { diffCatalogues, packageOf, withPackageVersion } from '../../../src/domain/server/upgrade.ts'
import { config, tool } from './given.ts'

const npx = (...args: readonly string[]): ServerConfig => ({ ...config, transport: { kind: 'stdio', command: 'npx', args, env: {} } })

test('a version takes the place of the one before, and nothing else changes', () => {
  expect(packageOf(config)).toStrictEqual({ name: '@modelcontextprotocol/server-everything', version: '2026.8.31' })
  expect(packageOf(npx('server'))).toStrictEqual({ name: 'server', version: undefined })
  expect(withPackageVersion(npx('-y', '@a/b@1.0.0', '--root', '/x'), '2.0.0-rc.1')).toStrictEqual({
    kind: 'config',
    config: npx('-y', '@a/b@2.0.0-rc.1', '--root', '/x'),
  })
})

test.each(['latest', '1', '^1.2.3', '1.2.x', '', '1.2.3 --evil'])('%j is no exact version', (version) => {
  expect(withPackageVersion(config, version)).toMatchObject({ kind: 'refused', rule: 'not-an-exact-version' })
})

test('what no package starts has no version', () => {
  const node: ServerConfig = { ...config, transport: { kind: 'stdio', command: 'node', args: ['server.js'], env: {} } }
  expect(packageOf(node)).toBeUndefined()
  expect(withPackageVersion(node, '1.2.3')).toMatchObject({ kind: 'refused', rule: 'not-a-package' })
  expect(withPackageVersion(npx('--package', 'x'), '1.2.3')).toMatchObject({ kind: 'refused', rule: 'not-a-package' })
})

test('two catalogues differ by what came, went, and says something else', () => {
  const diff = diffCatalogues([tool('a', '1'), tool('b', '1'), tool('c', '1')], [tool('b', '2'), tool('c', '1'), tool('d', '1')])
  expect(diff).toStrictEqual({
    ...{ added: [tool('d', '1')], removed: [tool('a', '1')], unchanged: 1 },
    changed: [{ name: 'b', from: tool('b', '1'), to: tool('b', '2') }],
  })
})
