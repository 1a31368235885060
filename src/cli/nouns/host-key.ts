/** The key of a host, as a person confirms it: shown by its fingerprint, compared, and only then taken. When a host is added, and when its key was renewed. */
import type { Command } from 'commander'
import type { z } from 'zod'
import type { changeHostKey } from '../../api/routes/hosts.ts'
import { preview, type Repeatable, settled } from '../change.ts'
import { ApiRefusal } from '../client/api-refusal.ts'
import { idOf, kinds, pathOf } from '../client/references.ts'
import type { BodyOf, Host } from '../client/shapes.ts'
import { CliError, exitCode, usageError } from '../exit-code.ts'
import type { Session } from '../session.ts'
import { shellLine } from '../shell-word.ts'

export type KeyFlags = Readonly<{ fingerprint?: string; yes?: boolean; sharedHostKey?: boolean }>
export type KeyTaken = z.output<typeof changeHostKey.answer.schema>

export const addKeyOptions = (command: Command): Command =>
  command
    .option('--fingerprint <fingerprint>', 'SHA256:... that the key of the host must have; nobody is asked then')
    .option('--shared-host-key', 'it is another machine, although a host that is known shows the same key, as clones do')
    .option('-y, --yes', 'do not ask; needs --fingerprint, so that the key is the one you compared')

export const sharing = ({ sharedHostKey }: KeyFlags): { sharedHostKey?: true } => (sharedHostKey === true ? { sharedHostKey } : {})

export type ShownKey = Readonly<{ fingerprint: string; hostKey: string; host: string | undefined }>

/** `look`: asked without a key, Steward says which one the host has, and refuses until somebody confirms it. `again`: the command with a fingerprint. */
export async function confirmedKey(
  session: Session,
  look: () => Promise<unknown>,
  flags: KeyFlags & Readonly<{ address: string; port: number; again: (fingerprint: string) => string }>,
): Promise<ShownKey> {
  const shown = await shownKey(look)
  await confirm(session, shown, flags)
  return shown
}

async function shownKey(look: () => Promise<unknown>): Promise<ShownKey> {
  try {
    await withAdvice(look)
  } catch (error) {
    if (!(error instanceof ApiRefusal) || error.code !== 'HOST_KEY_UNCONFIRMED') throw error
    const { fingerprint, hostKey, host } = error.details
    if (typeof fingerprint === 'string' && typeof hostKey === 'string') {
      return { fingerprint, hostKey, host: typeof host === 'string' ? host : undefined }
    }
  }
  throw new CliError('Steward did not say which key the host has', { exitCode: exitCode.failure })
}

async function confirm(
  { out, ask, signal }: Session,
  { fingerprint, hostKey, host }: ShownKey,
  flags: KeyFlags & Readonly<{ address: string; port: number; again: (fingerprint: string) => string }>,
): Promise<void> {
  const { address, port } = flags
  if (flags.fingerprint !== undefined) {
    if (flags.fingerprint === fingerprint) return
    throw new CliError(`the host at ${address}:${port} has the key ${fingerprint}, not ${flags.fingerprint}`, {
      exitCode: exitCode.failure,
      advice: 'Nothing was changed. Either the fingerprint is that of another key of the host, or somebody else answers there.',
    })
  }
  preview({ out, ask }, flags, (page) => {
    page.text(`The host at ${address}:${port} shows this key:`)
    page.fields([
      ['  type', hostKey.split(' ', 1).join()],
      ['  fingerprint', { text: fingerprint, tone: 'strong' }],
    ])
    if (host !== undefined) page.text(`Host ${host} has the same key; most likely it is the same machine.`, 'warn')
  })
  if (flags.yes === true || !ask.possible) {
    throw usageError(
      flags.yes === true
        ? '--yes needs --fingerprint: a host is known by one exact key'
        : 'this is no terminal, so nobody can compare the fingerprint',
      `On the host itself: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\nWhen it is the same one:\n${flags.again(fingerprint)}`,
    )
  }
  out.note('On the host: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub', 'dim')
  if (!(await ask.yesOrNo('Is this the key of the host?', signal))) {
    throw new CliError('not confirmed; nothing was changed', { exitCode: exitCode.failure })
  }
}

export async function rekeyHost(session: Session, given: string, flags: Repeatable & KeyFlags): Promise<void> {
  const { out, options } = session
  const client = await session.api()
  const path = pathOf(kinds.host, await idOf(client, kinds.host, given))
  const { body: host, etag } = await client.see<Host>(path)
  const ifMatch = etag ?? '*'
  const { url, apiKeyFile, dataDir } = options
  const again = (fingerprint: string): string =>
    shellLine([
      ...['steward', 'host', 'rekey', given, '--fingerprint', fingerprint, ...(flags.sharedHostKey === true ? ['--shared-host-key'] : [])],
      ...Object.entries({ '--url': url, '--api-key-file': apiKeyFile, '--data-dir': dataDir }).flatMap(([name, value]) =>
        value === undefined ? [] : [name, value],
      ),
    ])
  const look = () => client.send('PUT', `${path}/host-key`, { body: {}, ifMatch })
  const shown = await confirmedKey(session, look, { ...flags, address: host.address, port: host.port, again })
  const body = { hostKey: shown.hostKey, ...sharing(flags) } satisfies BodyOf<typeof changeHostKey>
  const { idempotencyKey } = flags
  const outcome = await withAdvice(() => client.send<KeyTaken>('PUT', `${path}/host-key`, { body, ifMatch, idempotencyKey }))
  await settled<Host>(session, client, path, outcome)
  if (outcome.warning !== null) out.note(outcome.warning, 'warn')
  out.show(outcome, (page) => {
    page.item('Changed the key of ', { text: host.name, tone: 'strong' }, 'good')
    page.fields([
      ['before', host.hostKeyFingerprint],
      ['now', shown.fingerprint],
    ])
  })
}

/** The refusals of a first try, with the next step. */
export async function withAdvice<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (error) {
    const advice = error instanceof ApiRefusal ? adviceOn(error.code) : undefined
    if (!(error instanceof ApiRefusal) || advice === undefined) throw error
    const { says, host } = error.details
    const facts = [says, host].filter((fact) => typeof fact === 'string')
    throw new CliError([error.message.replace(/\.$/, ''), ...facts].join(': '), { exitCode: exitCode.failure, advice })
  }
}

function adviceOn(code: string): string | undefined {
  switch (code) {
    case 'SECRET_UNAVAILABLE':
    case 'PRIVATE_KEY_INVALID':
      return (
        'The private key must lie in a secret directory of the service, by default <data dir>/secrets, and only its user may read it:\n' +
        'mkdir -p -m 700 .steward/secrets && cp KEY .steward/secrets/ && chmod 600 .steward/secrets/KEY\n' +
        'Then give its name there: --key KEY'
      )
    case 'HOST_KEY_TAKEN':
      return 'One machine is one host: lanes and hourly budgets are kept by host. If it really is another machine, add: --shared-host-key'
    case 'LOGIN_REFUSED':
      return "On the host, the public half must stand in the account's authorized_keys: ssh-copy-id -i KEY.pub USER@ADDRESS"
    default:
      return undefined
  }
}
