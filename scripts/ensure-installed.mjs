// Installs the locked dependencies, Node 24 among them, when they are missing or not those of package-lock.json. Says nothing and takes
// milliseconds when all is well. Runs on any Node >= 20, before anything is installed, so it imports nothing but Node itself.
import { spawn, spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { becomeTheOnly } from './become-the-only.mjs'
import { say } from './say.mjs'

const ROOT = realpathSync(fileURLToPath(new URL('..', import.meta.url)))
const NEEDED_MAJOR = 24
const BUNDLED_NODE = join(ROOT, 'node_modules', '.bin', 'node')

/** What only serves to develop is not asked for by what only runs: `npm ci --omit=dev` stays as it is. */
const needsDev = !['start', 'demo', 'steward'].includes(process.env.npm_lifecycle_event ?? '')

async function main() {
  if (Number.parseInt(process.versions.node, 10) < 20)
    fail(`Node ${process.versions.node} is too old even to install: Node 20 or newer is needed.`)
  if (stale().length > 0) {
    const release = await becomeTheOnly('installer of the dependencies', ROOT)
    // Whoever waited for another installation finds its work done.
    const packages = stale()
    if (packages.length > 0) await install(packages)
    release()
    checkNodeRuns()
  }
  if (!existsSync(BUNDLED_NODE) && Number.parseInt(process.versions.node, 10) < NEEDED_MAJOR) failUnsupported()
}

/** Names of the locked packages that are missing here or have another version. npm's hidden lockfile is written last, so it tells. */
function stale() {
  const locked = packagesOf(join(ROOT, 'package-lock.json'))
  if (locked === undefined) fail('package-lock.json is missing or unreadable; this is no complete copy of the project.')
  const installed = packagesOf(join(ROOT, 'node_modules', '.package-lock.json')) ?? {}
  const names = Object.keys(locked).filter((name) => name !== '' && (needsDev || locked[name].dev !== true))
  return names.filter((name) => {
    const [want, have] = [locked[name], installed[name]]
    if (have === undefined) return !mayBeAbsent(want)
    return have.version !== want.version || have.integrity !== want.integrity
  })
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages
  } catch {
    return undefined
  }
}

/** An optional package may be absent unless it was made for just this system; one bound to a C library is npm's to judge. */
function mayBeAbsent({ optional, devOptional, os, cpu, libc }) {
  if (optional !== true && devOptional !== true) return false
  return !(os?.includes(process.platform) && cpu?.includes(process.arch) && libc === undefined)
}

async function install(packages) {
  if (!canWrite(existsSync(join(ROOT, 'node_modules')) ? join(ROOT, 'node_modules') : ROOT)) {
    fail(
      `${packages.length} dependencies are missing or outdated (${packages[0]} ...), and you may not write to ${ROOT}. As its owner: npm ci --ignore-scripts`,
    )
  }
  say(`installing ${packages.length} locked dependencies, Node ${NEEDED_MAJOR} and PostgreSQL among them (once; about 200 MB)`)
  const startedMs = Date.now()
  const options = [
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--no-update-notifier',
    '--loglevel=error',
    '--engine-strict=false',
    '--include=optional',
  ]
  const [program, ...args] = [...npm(), 'ci', ...options, ...(needsDev ? ['--include=dev'] : [])]
  const child = spawn(program, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  const heartbeat = setInterval(() => say(`still installing (${seconds(startedMs)} s)`), 15_000)
  const status = await new Promise((resolve) => child.once('error', resolve).once('close', resolve))
  clearInterval(heartbeat)
  if (status instanceof Error)
    fail('npm is not installed or not on the PATH. Install it together with Node.js (https://nodejs.org), then start again.')
  if (status !== 0) fail(`npm ci failed: ${reasonOf(output)}\n${output.trim().split('\n').slice(0, 12).join('\n')}`)
  const left = stale()
  if (left.length > 0) fail(`npm ci ended well, but these are still missing: ${left.join(', ')}. Is "optional" or "omit" set in an .npmrc?`)
  say(`installed in ${seconds(startedMs)} s`)
}

/** The npm that started us, run by the Node that runs us; else the one on the PATH. */
const npm = () => (process.env.npm_execpath?.endsWith('.js') ? [process.execPath, process.env.npm_execpath] : ['npm'])

function reasonOf(output) {
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT|ENOTCACHED|network/i.test(output))
    return 'the npm registry cannot be reached from here. Check the network, or a proxy or mirror in your .npmrc.'
  if (/ENOSPC/.test(output)) return 'the disk is full; about 700 MB are needed.'
  if (/EACCES|EPERM|EROFS/.test(output)) return 'some files may not be written; do they belong to another user?'
  if (/EINTEGRITY/.test(output)) return 'a downloaded package is not the one that package-lock.json names.'
  if (/EUSAGE/.test(output)) return 'package-lock.json does not fit package.json; both must come from the same commit.'
  return 'see below.'
}

/** An old or different C library cannot run the bundled Node; better said here than by a crash in the next step. */
function checkNodeRuns() {
  if (!existsSync(BUNDLED_NODE)) return
  const { status, stderr, error } = spawnSync(BUNDLED_NODE, ['--version'], { encoding: 'utf8' })
  if (status !== 0)
    fail(
      `the bundled Node ${NEEDED_MAJOR} does not run on this system (${error?.message ?? stderr.trim()}). Install Node ${NEEDED_MAJOR} yourself.`,
    )
}

function failUnsupported() {
  fail(
    `there is no bundled Node ${NEEDED_MAJOR} for ${process.platform}-${process.arch}, and this is Node ${process.versions.node}. ` +
      `Install Node ${NEEDED_MAJOR} yourself (https://nodejs.org), then start again.`,
  )
}

function canWrite(directory) {
  try {
    accessSync(directory, constants.W_OK)
    return true
  } catch {
    return false
  }
}

const seconds = (sinceMs) => Math.round((Date.now() - sinceMs) / 1000)

function fail(text) {
  say(text)
  process.exit(1)
}

await main()
