/** What a command would do, asked with `?preview=true`: nothing is recorded, and the rules of this moment decide. */
import { z } from 'zod'
import type { DomainEvent } from '../../domain/events.ts'
import type { Json } from '../../domain/ports/json.ts'
import type { ServerConfig } from '../../domain/server/config.ts'
import { diffConfigs } from '../../domain/server/config-diff.ts'
import type { CommandMeta, Outcome, Preview, PreviewedCommand } from '../operator-commands.ts'
import { refusalOf } from '../refusals.ts'
import { accepted, exampleId, flag, listOf, outcome } from './common.ts'

export const previewQuery = z.strictObject({
  preview: flag.default(false).describe('true: answers with what would be recorded, and records nothing.'),
})

export const fieldChange = z
  .object({ field: z.string().describe('Dotted path.'), from: z.unknown(), to: z.unknown() })
  .meta({ id: 'FieldChange', description: 'Null: it was not there, or is not there any more.' })

export const preview = z
  .object({
    preview: z.literal(true),
    id: z.string().describe('What it is about.'),
    wouldRecord: listOf(z.object({ type: z.string(), data: z.record(z.string(), z.unknown()) })).describe(
      'Empty without a refusal: everything is already so.',
    ),
    changes: listOf(fieldChange).describe('Of the configuration, field by field.'),
    refusal: z
      .object({ code: z.string(), status: z.int(), message: z.string(), facts: z.record(z.string(), z.unknown()) })
      .nullable()
      .describe('Why it would be refused now.'),
  })
  .meta({ id: 'Preview' })

export const outcomeOrPreview = z.union([outcome, preview])

export const examplePreview: z.input<typeof preview> = {
  preview: true,
  id: exampleId,
  wouldRecord: [{ type: 'ServerStopRequested', data: { serverId: exampleId, by: 'mira', reason: 'night' } }],
  changes: [],
  refusal: null,
}

type Changes = readonly z.input<typeof fieldChange>[]

export const changesJson = (changes: ReturnType<typeof diffConfigs>): Changes =>
  changes.map(({ field, from = null, to = null }) => ({ field, from, to }))

/** `config`: as it is now, for a preview that would change it. */
export function previewJson({ id, wouldRecord, refusal }: Preview, config: ServerConfig | undefined): z.input<typeof preview> {
  const after = wouldRecord.find((event) => event.type === 'ServerConfigChanged')?.data.config
  return {
    preview: true,
    id,
    wouldRecord: wouldRecord.map(eventJson),
    changes: config && after ? changesJson(diffConfigs(config, after)) : [],
    refusal: refusal === undefined ? null : { ...described(refusal.rule), facts: { ...refusal.facts } },
  }
}

const described = (rule: string) => {
  const { code, status, message } = refusalOf(rule)
  return { code, status, message }
}

/** Events are plain JSON all through; interfaces of readonly parts only do not say so. */
const eventJson = ({ type, data }: DomainEvent): { type: string; data: Record<string, Json> } => ({
  type,
  data: JSON.parse(JSON.stringify(data)),
})

type Asked = Readonly<{ query: Readonly<{ preview: boolean }>; meta: CommandMeta }>

/** Gives the command, or says what it would do. `configOf`: of the server it is about, as it is now. */
export async function commandOrPreview<Input extends object>(
  command: PreviewedCommand<Input>,
  input: Readonly<Input>,
  { query, meta }: Asked,
  configOf: (serverId: string) => Promise<ServerConfig | undefined>,
): Promise<Readonly<{ json: z.input<typeof outcomeOrPreview>; revision?: Outcome['revision']; status?: 200 }>> {
  if (!query.preview) return accepted(await command({ ...input, meta }))
  const looked = await command.preview(input, meta.owner, meta.expectedRevision)
  const changesConfig = looked.wouldRecord.some(({ type }) => type === 'ServerConfigChanged')
  return { json: previewJson(looked, changesConfig ? await configOf(looked.id) : undefined), status: 200 }
}
