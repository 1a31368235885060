/** Runs the official conformance suite against an address, and reads what it found. */
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export const versions = ['2025-06-18', '2025-11-25', '2026-07-28'] as const
export type Version = (typeof versions)[number]

export type Findings = Readonly<{
  /** Checks by scenario and id, with how often each was not passed. */
  failed: ReadonlyMap<string, string>
  passed: number
  scenarios: number
  output: string
}>

/** The stateless era is only in the newer suite; each revision is checked with the suite that was released for it. */
const SUITE: Readonly<Record<Version, string>> = {
  '2025-06-18': '@modelcontextprotocol/conformance',
  '2025-11-25': '@modelcontextprotocol/conformance',
  '2026-07-28': 'conformance-2026',
}

const require = createRequire(import.meta.url)
const LONGEST_MS = 180_000

export async function runSuite(url: string, version: Version, key: string): Promise<Findings> {
  const results = await mkdtemp(join(tmpdir(), 'conformance-'))
  try {
    const program = join(dirname(require.resolve(`${SUITE[version]}/package.json`)), 'dist', 'index.js')
    const args = ['server', '--url', url, '--spec-version', version, '--suite', version === '2026-07-28' ? 'all' : 'active', '-o', results]
    const output = await run(['--import', new URL('./key.mjs', import.meta.url).href, program, ...args], key)
    return { ...(await readResults(results)), output }
  } finally {
    await rm(results, { recursive: true, force: true })
  }
}

function run(args: readonly string[], key: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      env: { ...process.env, CONFORMANCE_KEY: key, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    const timer = setTimeout(() => child.kill('SIGKILL'), LONGEST_MS)
    child.stdout.on('data', (chunk) => {
      output += String(chunk)
    })
    child.stderr.on('data', (chunk) => {
      output += String(chunk)
    })
    child.on('error', reject)
    // Its exit code says that something failed; what failed is compared with the direct run.
    child.on('close', () => {
      clearTimeout(timer)
      resolve(output)
    })
  })
}

type Check = Readonly<{ id: string; status: string; errorMessage?: string }>

async function readResults(directory: string): Promise<Omit<Findings, 'output'>> {
  const failed = new Map<string, string>()
  let passed = 0
  let scenarios = 0
  for (const entry of await readdir(directory, { recursive: true })) {
    if (!entry.endsWith('checks.json')) continue
    scenarios++
    const scenario = dirname(entry).replace(/-\d{4}-\d\d-\d\dT.*$/, '')
    const checks = JSON.parse(await readFile(join(directory, entry), 'utf8')) as readonly Check[]
    for (const { id, status, errorMessage } of checks) {
      if (status === 'SUCCESS') passed++
      else if (status === 'FAILURE' || status === 'WARNING') failed.set(`${scenario}/${id}/${status}`, errorMessage ?? '')
    }
  }
  return { failed, passed, scenarios }
}

/** What fails through the gateway and not directly. */
export const extraFailures = (direct: Findings, through: Findings): readonly string[] =>
  [...through.failed].flatMap(([check, says]) => (direct.failed.has(check) ? [] : [`${check}: ${says}`]))
