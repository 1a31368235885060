/** `steward doctor`: is everything here that Steward needs? Every finding says what to do. Nothing that it does stays. */
import { ConfigInvalid, type LoadedConfig } from '../../config.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import type { Page } from '../screen/page.ts'
import { openSession, type Session } from '../session.ts'
import { type ConfigFlags, readConfig } from '../up/up.ts'
import { type Finding, fail, ok, toneOfStatus, warn } from './check.ts'
import { checkDatabase } from './database.ts'
import { checkDataDirectory, checkNode, checkSecrets } from './machine.ts'
import { checkEventStore, checkFaultFiles, checkListener, checkRunning, checkStopFile } from './service.ts'

export async function doctor(session: Session, flags: ConfigFlags): Promise<ExitCode> {
  const { out, context } = session
  const findings: Finding[] = []
  let isRunning = false
  const add = (...found: readonly Finding[]): void => {
    for (const finding of found) {
      findings.push(finding)
      // Trying a database takes seconds; what is known already is shown meanwhile.
      if (!out.json) out.stream(finding, (page) => draw(page, finding))
    }
  }
  add(checkNode(context))
  const { loaded, finding } = await configOf(session, flags)
  add(...finding)
  if (loaded !== undefined) {
    const { config } = loaded
    add(...(await checkDataDirectory(config)), ...(await checkSecrets(config)))
    add(await checkFaultFiles(context.local))
    const asked = askedAt(session, loaded)
    const { finding: listener, isSteward } = await checkListener((await asked.credentials()).url, config)
    add(listener)
    isRunning = isSteward
    add(...(isSteward ? await checkRunning(asked) : await checkStopFile(config)))
    add(await checkDatabase({ config, local: context.local, isRunning: isSteward }))
    add(await checkEventStore(config, context.local))
    add(analystOf(loaded))
  }
  const count = (status: Finding['status']): number => findings.filter((each) => each.status === status).length
  const failed = count('fail')
  if (out.json) out.show({ healthy: failed === 0, findings }, () => undefined)
  else
    out.show(undefined, (page) =>
      page.text(`${count('ok')} ok, ${count('warn')} to look at, ${failed} failed`, failed === 0 ? 'good' : 'bad'),
    )
  if (!out.json && failed === 0 && !isRunning) out.note('Next: steward up', 'dim')
  return failed === 0 ? exitCode.ok : exitCode.failure
}

/** Unless it is said where Steward answers, it is where this configuration would have it listen. */
function askedAt(session: Session, { config: { listen, dataDir } }: LoadedConfig): Session {
  const { context, options, signal } = session
  if (options.url !== undefined || (context.env['STEWARD_URL'] ?? '') !== '') return session
  const host =
    listen.host === '0.0.0.0' ? '127.0.0.1' : listen.host === '::' ? '[::1]' : listen.host.includes(':') ? `[${listen.host}]` : listen.host
  return openSession(context, { ...options, url: `http://${host}:${listen.port}`, dataDir }, signal)
}

async function configOf({ context }: Session, flags: ConfigFlags): Promise<{ loaded: LoadedConfig | undefined; finding: Finding[] }> {
  try {
    const loaded = await readConfig(context, flags)
    const given = [...loaded.entries.values()].filter(({ source }) => source.kind !== 'default').length
    const { auto } = loaded.config.policy
    return {
      loaded,
      finding: [
        ok('config', given === 0 ? 'all defaults' : `valid; settings that are not the default: ${given}`),
        ...loaded.warnings.map((warning) => warn('config', warning, 'Unset it, or correct its name.')),
        ok(
          'policy',
          auto.length === 0 ? 'nothing runs without a person' : `${auto.length} rules let actions run alone on targets in mode act`,
        ),
      ],
    }
  } catch (error) {
    if (!(error instanceof ConfigInvalid)) throw error
    const told = error.problems.map(({ place, field, rule }) => [place, field, rule].filter((part) => part !== '').join(': '))
    return { loaded: undefined, finding: told.map((says) => fail('config', says, 'Correct it; `steward config check` checks it again.')) }
  }
}

const analystOf = ({ config: { analyst } }: LoadedConfig): Finding =>
  ok(
    'analyst',
    analyst.apiKey === undefined
      ? 'none; what the catalogue does not know goes to a person (ANTHROPIC_API_KEY)'
      : `${analyst.model} is asked about what the catalogue does not know`,
  )

function draw(page: Page, { name, status, says, advice }: Finding): void {
  page.item(`${status.padEnd(4)}  `, `${name}: ${says}`, toneOfStatus[status])
  if (advice !== undefined) page.item('      ', { text: advice, tone: 'accent' })
}
