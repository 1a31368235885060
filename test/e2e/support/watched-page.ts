/**
 * A page of a real browser, watched: whatever it asks of another origin, breaks of its own policy, or throws is kept, and so is a box that a script of
 * somebody else would open. A test ends with nothing of that kind.
 */
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { chromiumPath } from '../../../vitest.config.ts'

/** A name that leads to this machine, as one that somebody has rebound does. */
export const ANOTHER_NAME = 'steward.test'

export async function launchBrowser(): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error('there is no Chromium in /usr/bin')
  // As root Chromium has no sandbox of its own; the pages are ours.
  return chromium.launch({
    executablePath: chromiumPath,
    args: ['--no-sandbox', '--disable-dev-shm-usage', `--host-resolver-rules=MAP ${ANOTHER_NAME} 127.0.0.1`],
  })
}

export type WatchedPage = Readonly<{ page: Page; faults: () => Promise<readonly string[]> }>

export async function openWatched(browser: Browser, origin: string, options: BrowserContextOptions = {}): Promise<WatchedPage> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const faults: string[] = []
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) faults.push(`asked ${request.url()}`)
  })
  page.on('pageerror', (error) => faults.push(`threw ${error.message}`))
  page.on('dialog', (dialog) => {
    faults.push(`opened a box: ${dialog.message()}`)
    void dialog.dismiss()
  })
  await page.exposeFunction('tellTest', (fault: string) => void faults.push(fault))
  await page.addInitScript(`addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
    tellTest('broke the policy: ' + violatedDirective + ' ' + blockedURI))`)
  return {
    page,
    async faults() {
      // What the browser has on its way to us arrives before the answer to this.
      await page.evaluate('new Promise((done) => setTimeout(done, 50))')
      return faults
    },
  }
}
