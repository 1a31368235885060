/**
 * The page in a real browser, before one real Steward: what happens is seen as it happens, what a person asks is shown to him first, and what a server
 * says of itself is text, whatever it is.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Page, WebSocketRoute } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { visible } from '../../src/domain/text/visible.ts'
import { type Api, createApi, ok, outcome } from './support/api.ts'
import { addServer, running } from './support/managed-servers.ts'
import { type StewardProcess, startSteward } from './support/steward-process.ts'
import { ANOTHER_NAME, launchBrowser, openWatched } from './support/watched-page.ts'

const KEY = 'a-key-of-the-tests-of-the-page-0123456789'
const TELLING = fileURLToPath(new URL('../support/mcp/servers/telling-server.ts', import.meta.url))

let dir: string
let steward: StewardProcess
let browser: Browser
let api: Api
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'page-'))
  const env = { STEWARD_LISTEN: '127.0.0.1:0', STEWARD_DATA_DIR: join(dir, 'data'), STEWARD_ADMIN_KEY: KEY }
  ;[steward, browser] = await Promise.all([startSteward(env, dir), launchBrowser()])
  api = createApi(() => steward.url, KEY)
})
afterAll(async () => {
  await browser?.close()
  await steward?.kill()
  await rm(dir, { recursive: true, force: true })
})

type Opening = Readonly<{ key?: string; at?: string; live?: boolean; before?: (page: Page) => Promise<void> }>

/** Signed in, at an address of the page. Whatever it does that it must not do fails the test. */
async function open(hash: string, { key = KEY, at = steward.url, live = true, before }: Opening = {}): Promise<Page> {
  const { page, faults } = await openWatched(browser, at)
  onTestFinished(async () => {
    const found = await faults()
    await page.context().close()
    expect(found).toEqual([])
  })
  await before?.(page)
  await page.goto(`${at}/${hash}`)
  await page.getByLabel('API key').fill(key)
  await page.getByRole('button', { name: 'Sign in' }).click()
  if (live) await page.locator('#live[data-state=live]').waitFor()
  return page
}

/** A server that says of itself what a file says, and what to write for another life to say. */
async function addTelling(name: string, facts: object) {
  const file = join(dir, `${name}.json`)
  const tell = (told: object): Promise<void> => writeFile(file, JSON.stringify(told))
  await tell(facts)
  const id = await addServer(api, name, 'polite', {
    transport: { kind: 'stdio', command: process.execPath, args: [TELLING, file], env: {} },
  })
  const { runId } = await running(api, id)
  return { id, runId, tell }
}

const tool = (name: string, description: string) => ({ name, description, inputSchema: { type: 'object' } })

test('a wrong key is told so; a good one stays in the tab until one signs out', { tags: ['browser'] }, async () => {
  const { page, faults } = await openWatched(browser, steward.url)
  onTestFinished(() => page.context().close())
  await page.goto(steward.url)
  for (const wrong of ['short', 'sk_a-key-that-nobody-has-0123456789']) {
    await page.getByLabel('API key').fill(wrong)
    await page.keyboard.press('Enter')
    await page.getByText('Steward does not know this key.').waitFor()
  }
  await page.getByLabel('API key').fill(KEY)
  await page.keyboard.press('Enter')
  await page.locator('#live[data-state=live]').waitFor()
  const kept = () => page.evaluate('JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.cookie, location.href])')
  expect(await kept()).toBe(JSON.stringify([{ 'steward-key': KEY }, {}, '', `${steward.url}/`]))
  await page.reload()
  await page.locator('#live[data-state=live]').waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByLabel('API key').waitFor()
  expect(await kept()).toBe(JSON.stringify([{}, {}, '', `${steward.url}/`]))
  expect(await faults()).toEqual([])
})

test('a server that is added, killed and started again is seen live, and so is a tool that is switched off', {
  tags: ['browser'],
}, async () => {
  const page = await open('')
  const { id } = await addTelling('lively', { tools: [tool('read', 'reads'), tool('write', 'writes')] })
  const row = page.locator('tr[data-server=lively]')
  await row.getByText('running', { exact: true }).waitFor()
  await row.getByText('2 of 2').waitFor()
  expect(await row.locator('[data-label=Restarts]').textContent()).toBe('0')

  const { pid, runId } = await running(api, id)
  process.kill(pid, 'SIGKILL')
  await running(api, id, { not: runId })
  await row.locator('[data-label=Restarts]').getByText('1', { exact: true }).waitFor()
  await row.getByText('running', { exact: true }).waitFor()

  await row.getByRole('link').click()
  await page.getByRole('heading', { name: 'lively' }).waitFor()
  await page.locator('.tools li[data-state=enabled]').nth(1).waitFor()
  await ok(api.post(`/api/v1/servers/${id}/tools/write/disable`, { reason: 'read only here' }), outcome)
  const off = page.locator('.tools li[data-state=disabled]')
  await off.getByText('write', { exact: true }).waitFor()
  await off.locator('summary').first().press('Enter')
  await off.getByText('read only here').waitFor()
})

test('a command shows what it would do, is given with its reason, and is taken back; by keyboard alone', {
  tags: ['browser'],
}, async () => {
  const { id } = await addTelling('obedient', { tools: [tool('read', 'reads')] })
  const page = await open(`#/servers/${id}`)
  const press = async (name: string): Promise<void> => page.getByRole('button', { name, exact: true }).press('Enter')
  const dialog = page.getByRole('dialog')

  await press('Disable')
  await dialog.getByText('server disabled').waitFor()
  const { items } = await events(id, 'ServerDisabled')
  expect(items).toEqual([])
  await page.keyboard.type('not needed at night')
  await page.keyboard.press('Enter')
  await page.getByText('Disabled obedient.').waitFor()
  await page.getByRole('button', { name: 'Enable', exact: true }).waitFor()
  expect((await events(id, 'ServerDisabled')).items).toMatchObject([{ data: { reason: 'not needed at night' } }])

  await press('Undo')
  await dialog.getByText('server enabled').waitFor()
  await page.keyboard.type('the wrong server')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Disable', exact: true }).waitFor()

  // Refused by now, though the page still offers it: said in words, and nothing to press.
  await press('Restart')
  await dialog.getByText('server restart requested').waitFor()
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  await page.route('**/restart?preview=true', async (route) => {
    await ok(api.post(`/api/v1/servers/${id}/disable`, { reason: 'meanwhile' }), outcome)
    await route.continue()
  })
  await press('Restart')
  await dialog.getByText('The server is disabled. Enable it first.').waitFor()
  expect(await dialog.getByRole('button', { name: 'Restart' }).isDisabled()).toBe(true)
})

const events = (id: string, type: string) =>
  ok(
    api.get(`/api/v1/servers/${id}/events?types=${type}`),
    z.object({ items: z.array(z.object({ type: z.string(), data: z.looseObject({}) })) }),
  )

test('a program that nobody has approved is shown argument by argument, and runs once it is approved', { tags: ['browser'] }, async () => {
  const file = join(dir, 'two words.json')
  await writeFile(file, JSON.stringify({ tools: [] }))
  const transport = { kind: 'stdio', command: process.execPath, args: [TELLING, file], env: {} }
  const { id } = await ok(api.post('/api/v1/servers', { name: 'unknown', transport }), outcome)
  const page = await open(`#/servers/${id}`)
  await page.getByRole('button', { name: 'Approve the program' }).press('Enter')
  await page.getByRole('dialog').getByText('executable approved').waitFor()
  expect(await page.locator('dialog .argv li').allTextContents()).toEqual([process.execPath, TELLING, file])
  await page.keyboard.type('our own')
  await page.keyboard.press('Enter')
  await page.locator('.head').getByText('running', { exact: true }).waitFor()
})

test('a key that may only look has no buttons', { tags: ['browser'] }, async () => {
  const { key } = await ok(api.post('/api/v1/keys', { name: 'reception', role: 'viewer', owner: 'mira' }), z.object({ key: z.string() }))
  const { id } = await addTelling('seen', { tools: [tool('read', 'reads')] })
  const page = await open(`#/servers/${id}`, { key })
  await page.getByText('As viewer this key may look, and change nothing.').waitFor()
  await page.locator('.tools summary').first().click()
  expect(await page.locator('main button').count()).toBe(0)
})

const NAME = '<img src=x onerror=alert(1)>\u202egnp'
const SAYS = '"><script>alert(2)</script><svg onload=alert(3)><a href="javascript:alert(4)">x</a>\u202etxt.exe\u200b\x1b[2J'

/** Elements by which text would have become markup, and what of it cannot be seen. */
const harm = (page: Page) =>
  page.evaluate(`({
    elements: document.querySelectorAll('body :is(script, img, svg, iframe, [onload], [onerror], a[href^=javascript])').length,
    unseen: /[\\u202e\\u200b\\x1b]/.test(document.documentElement.outerHTML),
  })`)

test('what a hostile server says of itself is text, and what nobody would see of it is shown', { tags: ['browser'] }, async () => {
  const { id, runId, tell } = await addTelling('hostile', { tools: [tool(NAME, SAYS), tool('echo', 'says it again')], instructions: SAYS })
  await tell({ tools: [tool(NAME, SAYS), tool('echo', `says it again ${SAYS}`)], instructions: SAYS, stderr: `${SAYS}\n` })
  await ok(api.post(`/api/v1/servers/${id}/restart`, { reason: 'another version' }), outcome)
  await running(api, id, { not: runId })
  const page = await open(`#/servers/${id}`)
  await page.locator('.tools li[data-state=quarantined] ins').waitFor()

  const texts = await page.locator('.tools .tool').allTextContents()
  expect(texts).toContain(visible(NAME))
  expect(await page.locator('ins').first().textContent()).toBe(`after: ${visible(`says it again ${SAYS}`)}`)
  expect(await page.locator('.tools pre').first().textContent()).toBe('says it again')
  expect(await page.getByLabel('what was approved').textContent()).toBe(visible(SAYS, { newlines: 'keep', tabs: 'keep' }))
  expect(await harm(page)).toEqual({ elements: 0, unseen: false })
  await page.getByRole('link', { name: 'Events' }).click()
  await page.locator('.events li').first().waitFor()
  await page.getByLabel('Events whose type holds').fill('ToolCatalog')
  const catalogs = page.locator('.events li').filter({ hasText: 'hostile' })
  for (const summary of await catalogs.locator('summary').all()) await summary.click()
  expect(await catalogs.locator('pre').allTextContents()).toContainEqual(expect.stringContaining('<script>'))
  expect(await harm(page)).toEqual({ elements: 0, unseen: false })
})

test('the test of harm can fail: the same text as markup is found, and by a page without a policy carried out', {
  tags: ['browser'],
}, async () => {
  const { page, faults } = await openWatched(browser, steward.url)
  onTestFinished(() => page.context().close())
  await page.setContent(`<body>${NAME}${SAYS}</body>`)
  expect(await harm(page)).toMatchObject({ elements: 4, unseen: true })
  expect(await faults()).toContain('opened a box: 2')
  // Under ours the browser itself refuses to make markup of text.
  await page.goto(steward.url)
  const refused = page.evaluate("document.body.innerHTML = '<b>x</b>'")
  await expect(refused).rejects.toThrow(/TrustedHTML/)
  expect((await faults()).join()).toContain('require-trusted-types-for')
})

test('a connection that is lost is told, taken up again where it ended, and what happened meanwhile is there', {
  tags: ['browser'],
}, async () => {
  const { id } = await addTelling('missed', { tools: [tool('read', 'reads')] })
  const lines: WebSocketRoute[] = []
  const said: string[] = []
  let isAway = false
  const page = await open('#/events', {
    before: (fresh) =>
      fresh.routeWebSocket('**/ws', (line) => {
        if (isAway) return void line.close()
        lines.push(line)
        const server = line.connectToServer()
        line.onMessage((message) => {
          said.push(String(message))
          server.send(message)
        })
      }),
  })
  await page.locator('.events .type', { hasText: 'ServerRunning' }).first().waitFor()
  isAway = true
  await lines.at(-1)?.close()
  await page.getByText(/^Not live since/).waitFor()
  await page.getByRole('button', { name: 'Pause' }).click()
  await ok(api.post(`/api/v1/servers/${id}/tools/read/disable`, { reason: 'meanwhile' }), outcome)
  isAway = false
  await page.locator('#live[data-state=live]').waitFor()
  expect(await page.locator('#banner').isHidden()).toBe(true)
  expect(said.length).toBe(2)
  expect(JSON.parse(said[1] ?? '')).toMatchObject({ type: 'subscribe', resume_from: expect.stringMatching(/^\d+/) })

  // What came over the connection waits as long as the reader has paused; nothing of it is lost.
  await page.getByRole('button', { name: /^Go on/ }).click()
  await page.locator('.events li', { hasText: 'ToolDisabled' }).filter({ hasText: 'missed' }).waitFor()
  await page.getByLabel('Events at least as grave as').selectOption('warning')
  await page.locator('.events li', { hasText: 'ToolDisabled' }).first().waitFor({ state: 'detached' })
})

test('under a name that is not on the list the page is told why it is not live, and asks from time to time', {
  tags: ['browser'],
}, async () => {
  const at = steward.url.replace('127.0.0.1', ANOTHER_NAME)
  const page = await open('', { at, live: false })
  await page.getByText(`lets no live connection in from ${at}: STEWARD_PUBLIC_URL must name this address`).waitFor()
  await addTelling('polled', { tools: [tool('read', 'reads')] })
  await page.locator('tr[data-server=polled]').getByText('running', { exact: true }).waitFor()
})
