/**
 * Three groups of tests. What needs a daemon of the system (nginx, Redis, sshd, promtool) lies below test/e2e or is named
 * `*.daemon.test.ts`; `npm run test:core` leaves just that group out. Groups that start real processes get more time.
 */
import { existsSync } from 'node:fs'
import { configDefaults, defineConfig } from 'vitest/config'

const DAEMONS = ['test/e2e/**/*.test.ts', 'test/**/*.daemon.test.ts']
const HOSTILE = ['test/hostile/**/*.test.ts', 'test/contract/**/*.test.ts', 'test/adapters/embedded-postgres/**/*.test.ts']

/** Where Chromium is, if it is: no test brings a browser of its own. */
export const chromiumPath = ['chromium', 'google-chrome'].map((name) => `/usr/bin/${name}`).find((path) => existsSync(path))

/** What not every machine has. A test that needs it is tagged with the name, and left out, by name and with the reason, where it is missing. */
const needs = [
  {
    name: 'root',
    has: process.getuid?.() === 0,
    description: 'Tries things as accounts other than its own.',
    missing: 'only root can try',
  },
  { name: 'browser', has: chromiumPath !== undefined, description: 'Opens pages in Chromium.', missing: 'needs Chromium in /usr/bin' },
]
export const missingNeeds = needs.filter(({ has }) => !has)

export default defineConfig({
  test: {
    tags: needs.map(({ name, description }) => ({ name, description })),
    ...(missingNeeds.length === 0 ? {} : { tagsFilter: [missingNeeds.map(({ name }) => `!${name}`).join(' && ')] }),
    // Processes, not threads: tests send signals, change limits and must not share what they break.
    pool: 'forks',
    maxWorkers: 2,
    allowOnly: false,
    silent: 'passed-only',
    teardownTimeout: 10_000,
    slowTestThreshold: 10_000,
    projects: [
      group('core', { include: ['test/**/*.test.ts'], exclude: [...HOSTILE, ...DAEMONS], timeoutMs: 15_000 }),
      group('hostile', { include: HOSTILE, exclude: DAEMONS, timeoutMs: 120_000 }),
      group('daemons', { include: DAEMONS, exclude: [], timeoutMs: 180_000 }),
    ],
  },
})

function group(name: string, { include, exclude, timeoutMs }: { include: string[]; exclude: string[]; timeoutMs: number }) {
  return {
    extends: true as const,
    test: { name, include, exclude: [...configDefaults.exclude, ...exclude], testTimeout: timeoutMs, hookTimeout: timeoutMs },
  }
}
