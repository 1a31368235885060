/**
 * Three groups of tests. What needs a daemon of the system (nginx, Redis, sshd, promtool) lies below test/e2e or is named
 * `*.daemon.test.ts`; `npm run test:core` leaves just that group out. Groups that start real processes get more time.
 */
import { configDefaults, defineConfig } from 'vitest/config'

const DAEMONS = ['test/e2e/**/*.test.ts', 'test/**/*.daemon.test.ts']
const HOSTILE = ['test/hostile/**/*.test.ts', 'test/contract/**/*.test.ts', 'test/adapters/embedded-postgres/**/*.test.ts']

/** Only root can be somebody else: what needs that is tagged, and left out, by name, for everybody else. */
export const ROOT_ONLY = 'root'
export const isRoot = process.getuid?.() === 0

export default defineConfig({
  test: {
    tags: [{ name: ROOT_ONLY, description: 'Tries things as accounts other than its own.' }],
    ...(isRoot ? {} : { tagsFilter: [`!${ROOT_ONLY}`] }),
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
