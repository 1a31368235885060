/** The page as it is served: complete, from our own files alone, and with nothing in them that could turn text into markup. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { mayDo, permissions } from '../../../src/api/permissions.ts'
import { pageFiles } from '../../../src/api/routes/page.ts'
import { roles } from '../../../src/domain/key/events.ts'
import { roleKeys, testApi } from '../support/test-api.ts'

const PLACE = new URL('../../../src/api/page/', import.meta.url)
const scripts = pageFiles.filter((name) => name.endsWith('.js'))
const textOf = (name: string): string => readFileSync(new URL(name, PLACE), 'utf8')

const get = (path: string) => testApi().request(path, { key: null })

describe('the page', () => {
  test('is served without a key, lets nothing in from elsewhere, and may not be framed', async () => {
    const response = await get('/')
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    const policy = response.headers.get('content-security-policy')?.split('; ')
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self'")
    expect(policy).toContain("connect-src 'self'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).toContain("require-trusted-types-for 'script'")
    expect(policy?.join()).not.toContain('unsafe')
    expect(response.headers.get('x-frame-options')).toBe('DENY')
  })

  test('names only files of its own, runs nothing inline, and each of them is served with its type', async () => {
    const html = await (await get('/')).text()
    expect(html).not.toMatch(/<script(?! type="module" src="\/page\/main\.js"><\/script>)|<style|style=|\son\w+=/)
    const named = [...html.matchAll(/(?:href|src)="(\/page\/[^"]+)"/g)].map((match) => match[1] ?? '')
    expect(named.length).toBeGreaterThan(3)
    for (const path of [...named, ...scripts.map((name) => `/page/${name}`)]) {
      const response = await get(path)
      expect(response.status, path).toBe(200)
      const type = path.endsWith('.js') ? 'text/javascript' : path.endsWith('.css') ? 'text/css' : 'image/svg+xml'
      expect(response.headers.get('content-type')).toBe(`${type}; charset=utf-8`)
    }
  })

  test('imports what is served, and nothing is served that is used nowhere', () => {
    const all = [textOf('index.html'), ...scripts.map(textOf)].join('\n')
    const used = new Set([...all.matchAll(/(?:from '\.\/|(?:href|src)="\/page\/)([\w.-]+)/g)].map((match) => match[1]))
    expect([...used].toSorted()).toEqual(pageFiles.toSorted())
    const beside = readdirSync(PLACE).filter((name) => !['index.html', 'shapes.d.ts', 'tsconfig.json'].includes(name))
    expect(beside.toSorted()).toEqual(pageFiles.toSorted())
  })

  test('makes markup of no text', () => {
    const DANGEROUS =
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|srcdoc|\beval\b|new Function/
    for (const name of scripts) expect(textOf(name), name).not.toMatch(DANGEROUS)
    // The sieve can hold something back.
    expect('element.innerHTML = name').toMatch(DANGEROUS)
  })

  test('has no files but these', async () => {
    expect((await get('/page/shapes.d.ts')).status).toBe(404)
    expect((await get('/page/..%2Findex.html')).status).toBe(404)
  })
})

test.each(roles)('a key asks what it is: as %s, with the permissions of its role', async (role) => {
  const response = await testApi().request('/api/v1/whoami', { key: roleKeys[role] })
  expect(await response.json()).toMatchObject({ role, permissions: permissions.filter((permission) => mayDo(role, permission)) })
})
