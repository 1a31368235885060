// Sees to it that the programs of the end-to-end tests are there: the real nginx, Redis, OpenSSH server, promtool and Chromium. Root on Debian
// or Ubuntu gets them installed without any of their services being started, now or at the next boot; anybody else gets the line to type.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { becomeTheOnly } from './become-the-only.mjs'
import { say } from './say.mjs'

const PROGRAMS = [
  { program: 'nginx', debianPackage: 'nginx', services: ['nginx.service'] },
  { program: 'redis-server', debianPackage: 'redis-server', services: ['redis-server.service'] },
  { program: 'sshd', debianPackage: 'openssh-server', services: ['ssh.service', 'ssh.socket'] },
  { program: 'promtool', debianPackage: 'prometheus', services: ['prometheus.service'] },
]

/** The tests of the page want a browser. Where none can be had they are left out, by name: it is much to ask of a machine. */
const BROWSER = { programs: ['chromium', 'google-chrome'], debianPackage: 'chromium' }

function missing() {
  return PROGRAMS.filter(({ program }) => !isInstalled(program))
}

/** An ordinary user's PATH often lacks the directories where daemons live. */
function isInstalled(program) {
  const directories = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin']
  return directories.some((directory) => directory !== '' && isExecutable(join(directory, program)))
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const APT_OPTIONS = ['-q', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Dpkg::Use-Pty=0']

function mayInstall() {
  return process.getuid?.() === 0 && isDebian()
}

function isDebian() {
  return existsSync('/etc/debian_version') && isInstalled('apt-get')
}

function explain() {
  const names = missing().map(({ program }) => program)
  const packages = missing().map(({ debianPackage }) => debianPackage)
  say(`the end-to-end tests need ${names.join(', ')}, which ${names.length === 1 ? 'is' : 'are'} not installed. Type:`)
  if (isDebian()) say(`  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${packages.join(' ')}`)
  else say(`  (with the package manager of this system: ${names.join(', ')})`)
  say('Or leave these tests out: npm run test:core')
  process.exit(1)
}

function install(programs) {
  if (programs.length === 0) return
  const packages = programs.map(({ debianPackage }) => debianPackage)
  say(`installing ${packages.join(', ')} with apt-get, for the end-to-end tests; their services stay off`)
  const failure = withServicesHeldBack(
    () => aptGet([...APT_OPTIONS, 'update']) ?? aptGet([...APT_OPTIONS, 'install', '-y', '--no-install-recommends', ...packages]),
  )
  // Held back now, Debian would still start them at the next boot.
  for (const service of programs.flatMap(({ services }) => services)) spawnSync('systemctl', ['disable', service], { stdio: 'ignore' })
  if (failure !== undefined) {
    say(`apt-get failed:\n${failure}`)
    explain()
  }
  if (missing().length > 0) explain()
}

/** Not on Ubuntu, whose package of that name is no program but a snap. */
function mayInstallBrowser() {
  return !BROWSER.programs.some(isInstalled) && mayInstall() && /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'))
}

function installBrowser() {
  say(`installing ${BROWSER.debianPackage} with apt-get, for the tests of the page`)
  const failure =
    aptGet([...APT_OPTIONS, 'update']) ?? aptGet([...APT_OPTIONS, 'install', '-y', '--no-install-recommends', BROWSER.debianPackage])
  if (failure !== undefined) say(`it could not be installed; the tests of the page are left out:\n${failure}`)
}

/** What it said when it failed; undefined when all is well. */
function aptGet(args) {
  const { status, stdout, stderr, error } = spawnSync('apt-get', args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' },
  })
  if (status === 0) return undefined
  return error?.message ?? `${stdout}${stderr}`.trim().split('\n').slice(-15).join('\n')
}

const POLICY = '/usr/sbin/policy-rc.d'
const KEPT_POLICY = `${POLICY}.kept-by-steward`
const OUR_POLICY =
  '#!/bin/sh\n# Written by the set-up of MCP Steward for the time of one installation; remove it if you find it.\nexit 101\n'

/** Debian asks policy-rc.d before it starts a service; 101 means no. What was there before is there afterwards. */
function withServicesHeldBack(work) {
  // Left by a set-up that was killed: ours is removed below, and what it put aside is still put aside.
  const isOurs = existsSync(POLICY) && readFileSync(POLICY, 'utf8') === OUR_POLICY
  if (existsSync(POLICY) && !isOurs) renameSync(POLICY, KEPT_POLICY)
  writeFileSync(POLICY, OUR_POLICY, { mode: 0o755 })
  // apt-get runs in the foreground and takes the signal itself; we only stay to put things back.
  const stay = () => undefined
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stay)
  try {
    return work()
  } finally {
    rmSync(POLICY, { force: true })
    if (existsSync(KEPT_POLICY)) renameSync(KEPT_POLICY, POLICY)
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(signal, stay)
  }
}

if (missing().length > 0) {
  if (!mayInstall()) explain()
  const release = await becomeTheOnly('installer of Debian packages', '/')
  install(missing())
  release()
}
if (mayInstallBrowser()) {
  const release = await becomeTheOnly('installer of Debian packages', '/')
  installBrowser()
  release()
}
