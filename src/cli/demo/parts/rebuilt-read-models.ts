/** Every read model is thrown away and made again from the log alone, and then compared, row by row, with another rebuild. */
import { Findings, type Part } from '../part.ts'
import type { Operation, Page, StewardApi } from '../steward-api.ts'
import { until } from '../waiting.ts'

export const rebuiltReadModels: Part = {
  name: '11',
  title: 'All read models rebuilt from the log',
  fault: 'read models rebuilt',
  async run({ screen, api, signal }) {
    const names = (await api.get<Page<{ name: string }>>('/api/v1/projections')).items.map(({ name }) => name)
    const rebuilt = await screen.during(`rebuilding ${names.length} read models beside the live ones`, () =>
      each(names, (name) => operate(api, name, 'rebuild', signal)),
    )
    const verified = await screen.during('comparing each with what the log says', () =>
      each(names, (name) => operate(api, name, 'verify', signal)),
    )
    const findings = new Findings(screen)
    const broken = rebuilt.filter(({ state }) => state !== 'succeeded')
    findings.expect(
      broken.length === 0,
      `${names.length} read models rebuilt from the log`,
      `not rebuilt: ${broken.map(({ subject, says }) => `${subject} (${says ?? 'no reason given'})`).join(', ')}`,
    )
    const unequal = verified.filter(({ state, result }) => state !== 'succeeded' || result?.['equal'] !== true)
    const rows = verified.reduce((sum, { result }) => sum + Number(result?.['rows'] ?? 0), 0)
    findings.expect(
      unequal.length === 0,
      `all equal: ${rows} rows compared`,
      `not equal: ${unequal.map(({ subject, says, result }) => `${subject} (${says ?? JSON.stringify(result)})`).join(', ')}`,
    )
    const events = rebuilt.reduce((most, { result }) => Math.max(most, Number(result?.['events'] ?? 0)), 0)
    return { says: unequal.length === 0 ? 'equal' : 'not equal', events, problems: findings.problems }
  },
}

/** One after the other: each is quick, and the live ones have the database to themselves meanwhile. */
async function each(names: readonly string[], work: (name: string) => Promise<Operation>): Promise<readonly Operation[]> {
  const done: Operation[] = []
  for (const name of names) done.push(await work(name))
  return done
}

async function operate(api: StewardApi, name: string, verb: 'rebuild' | 'verify', signal: AbortSignal): Promise<Operation> {
  const { operationId } = await api.post<{ operationId: string }>(`/api/v1/projections/${name}/${verb}`)
  return until(
    `the end of ${verb} ${name}`,
    async () => {
      const operation = await api.get<Operation>(`/api/v1/operations/${operationId}`).catch(() => undefined)
      return operation === undefined || operation.state === 'running' ? undefined : operation
    },
    { signal, everyMs: 50 },
  )
}
