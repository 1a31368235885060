/** `steward host`: machines that Steward reaches over SSH. A host is added only after somebody compared the fingerprint of its key. */
import type { Command } from 'commander'
import type { registerHost } from '../../api/routes/hosts.ts'
import { each, type Repeatable, repeatable, settled } from '../change.ts'
import { fetchList } from '../client/lists.ts'
import { idOf, kinds, pathOf } from '../client/references.ts'
import type { BodyOf, Host, HostTest } from '../client/shapes.ts'
import { type Define, wholeNumber } from '../define.ts'
import { CliError, exitCode } from '../exit-code.ts'
import { ago, duration, moment } from '../screen/moment.ts'
import type { Page } from '../screen/page.ts'
import { toneOf } from '../screen/paint.ts'
import type { CommonOptions, Session } from '../session.ts'
import { shellLine } from '../shell-word.ts'
import { readable } from '../views/readable.ts'
import { addKeyOptions, confirmedKey, type KeyFlags, type KeyTaken, rekeyHost, sharing, withAdvice } from './host-key.ts'
import { addListOptions, type ListFlags, tellMore } from './list-options.ts'
import { type RetireFlags, retire } from './retire.ts'

export function defineHosts(program: Command, { run }: Define): void {
  const host = program
    .command('host')
    .summary('machines that Steward reaches over SSH')
    .description('Machines that Steward reaches over SSH.')

  const add = repeatable(host.command('add <name>'))
    .summary('register a machine')
    .description(
      'Registers a machine. Steward connects, shows the fingerprint of the key the machine has, and asks whether it is the right one; then it logs in. ' +
        'Only a host whose key was confirmed and where the login worked is registered.\n\n' +
        'The private key is read by the service, not by this command: it lies in a secret directory of the service (<data dir>/secrets), readable by its user only.',
    )
    .requiredOption('--address <address>', 'host name or IP address')
    .option('--port <port>', 'port of its SSH server', wholeNumber(1, 65_535), 22)
    .requiredOption('--user <user>', 'account to log in with')
    .requiredOption('--key <file>', 'private key: a file in the secret directory of the service, or env:NAME')
  addKeyOptions(add)
    .addHelpText(
      'after',
      `
The fingerprint, on the machine itself:
  ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub

Examples:
  ssh-keygen -t ed25519 -N '' -f .steward/secrets/web-01.key
  steward host add web-01 --address 192.0.2.10 --user steward --key web-01.key
  steward host add web-01 --address 192.0.2.10 --user steward --key web-01.key --fingerprint SHA256:uNiVztks...`,
    )
    .action(run(addHost))

  addKeyOptions(repeatable(host.command('rekey <host>')))
    .summary('take the new key of a host')
    .description(
      'After the host key of the machine was renewed. Shows the key that it has now, asks whether it is the right one, and logs in with it; ' +
        'until then Steward does not speak with the host. What was approved for the old key is void.',
    )
    .action(run(rekeyHost))

  addListOptions(host.command('list'))
    .alias('ls')
    .summary('list hosts')
    .option('--retired', 'also those that were retired')
    .action(run(listHosts))

  host.command('show <host>').summary('show a host').action(run(showHost))

  host
    .command('test <host...>')
    .summary('log in and out again')
    .description('Logs in and runs a harmless program. Exit code 1 when a host cannot be reached.')
    .action(run(testHosts))

  repeatable(host.command('delete <host>'))
    .alias('retire')
    .summary('retire a host')
    .description('Retires a host: Steward does not go there any more. Its history stays. Targets on it are to be retired first.')
    .option('--reason <reason>', 'why')
    .option('-y, --yes', 'do not ask')
    .action(run(deleteHost))
}

type AddFlags = Repeatable & KeyFlags & Readonly<{ address: string; port: number; user: string; key: string }>

async function addHost(session: Session, name: string, flags: AddFlags): Promise<void> {
  const { out } = session
  const client = await session.api()
  const { address, port, user: username, key } = flags
  const body = { name, address, port, username, privateKey: /^(?:file|env):/.test(key) ? key : `file:${key}` }
  const again = commandWith({ name, ...session.options, ...flags })
  const shown = await confirmedKey(session, () => client.send('POST', kinds.host.path, { body }), { ...flags, again })
  const confirmed = { ...body, hostKey: shown.hostKey, ...sharing(flags) } satisfies BodyOf<typeof registerHost>
  const outcome = await withAdvice(() =>
    client.send<KeyTaken>('POST', kinds.host.path, { body: confirmed, idempotencyKey: flags.idempotencyKey }),
  )
  await settled<Host>(session, client, pathOf(kinds.host, outcome.id), outcome)
  if (outcome.warning !== null) out.note(outcome.warning, 'warn')
  out.show(outcome, (page) => {
    page.item('Added ', { text: name, tone: 'strong' }, 'good')
    page.fields([
      ['id', outcome.id],
      ['key', shown.fingerprint],
    ])
    page.text(`Next: steward target add NAME --host ${name} --service nginx --log PATH --config PATH`, 'dim')
  })
}

/** The same again, with the fingerprint in it: to be copied, once it was compared. */
const commandWith =
  ({ name, address, port, user, key, sharedHostKey, url, apiKeyFile, dataDir }: AddFlags & CommonOptions & Readonly<{ name: string }>) =>
  (fingerprint: string): string =>
    shellLine([
      ...['steward', 'host', 'add', name, '--address', address, ...(port === 22 ? [] : ['--port', String(port)])],
      ...['--user', user, '--key', key, '--fingerprint', fingerprint, ...(sharedHostKey === true ? ['--shared-host-key'] : [])],
      ...Object.entries({ '--url': url, '--api-key-file': apiKeyFile, '--data-dir': dataDir }).flatMap(([name, value]) =>
        value === undefined ? [] : [name, value],
      ),
    ])

async function listHosts(session: Session, flags: ListFlags & Readonly<{ retired?: boolean }>): Promise<void> {
  const { out } = session
  const page = await fetchList<Host>(await session.api(), kinds.host.path, { state: flags.retired === true ? 'all' : 'registered' }, flags)
  out.show(page, (screen) =>
    screen.table(
      [
        { head: 'NAME' },
        { head: 'ADDRESS', kind: 'text' },
        { head: 'USER' },
        { head: 'REACHABLE', kind: 'text' },
        { head: 'SINCE' },
        { head: 'ID', kind: 'id' },
      ],
      page.items.map((host) => [
        host.state === 'retired' ? { text: host.name, tone: 'dim' } : host.name,
        `${host.address}:${host.port}`,
        host.username,
        { text: reachText(host), tone: toneOf(host.reachable) },
        host.reachable === 'reachable' ? ago(host.reachedAt, out.nowMs) : '-',
        host.id,
      ]),
      'There is no host yet. `steward host add --help` tells how to add one.',
    ),
  )
  tellMore(out, page)
}

async function showHost(session: Session, given: string): Promise<void> {
  const client = await session.api()
  const host = await client.get<Host>(pathOf(kinds.host, await idOf(client, kinds.host, given)))
  session.out.show(host, (page) => drawHost(page, host, session.out.nowMs))
}

function drawHost(page: Page, host: Host, nowMs: number): void {
  page.heading(host.name)
  page.fields([
    ['reachable', { text: reachText(host), tone: toneOf(host.reachable) }],
    // The moment is that since which it is reached, not that of the last login: a host that is well writes no event.
    ['since', host.reachable === 'reachable' ? moment(host.reachedAt, nowMs) : null],
    ['address', `${host.address}:${host.port}`],
    ['user', host.username],
    ['private key', host.privateKey],
    ['host key', host.sharedHostKey ? `${host.hostKeyFingerprint}, shared with another machine` : host.hostKeyFingerprint],
    ['state', { text: host.state, tone: toneOf(host.state) }],
    ['registered', `${moment(host.registeredAt, nowMs)} by ${host.registeredBy}`],
    ['id', host.id],
  ])
}

const reachText = ({ id, name, reachable, lostBecause }: Host): string =>
  lostBecause === null ? reachable : `${reachable}: ${readable(lostBecause, (each) => (each === id ? name : each))}`

async function testHosts(session: Session, given: readonly string[]) {
  const { out } = session
  const client = await session.api()
  return each(session, given, {}, async (name) => {
    const id = await idOf(client, kinds.host, name)
    const result = await client.send<HostTest>('POST', pathOf(kinds.host, id, '/test'))
    out.stream(result, (page) =>
      result.reachable
        ? page.item('reachable ', `${name}, after ${duration(result.durationMs)}`, 'good')
        : page.item('lost ', `${name}: ${result.says ?? ''} (${result.rule ?? 'unknown'})`, 'bad'),
    )
    if (!result.reachable) throw new CliError(`${name} cannot be reached`, { exitCode: exitCode.failure })
  })
}

const deleteHost = (session: Session, given: string, flags: RetireFlags): Promise<void> =>
  retire<Host>(session, 'host', given, flags, async (host) => (page) => drawHost(page, host, session.out.nowMs))
