/** What discovery found, as it is shown. Values of secrets are not in it: only where they stood. */
import { z } from 'zod'
import type { Candidate, Discovery } from '../../commands/operator/discovery.ts'
import { clientFormats, type FoundServer, type Remark } from '../../domain/discovery/found.ts'
import { exampleId, listOf } from './common.ts'
import { exampleConfig, serverConfig } from './server.ts'

export const remark = z
  .object({ field: z.string(), rule: z.string(), says: z.string() })
  .meta({ id: 'Remark', description: 'About one member of a file. Never repeats its value.' })

export const duplicate = z
  .object({ of: z.enum(['server', 'candidate']), id: z.string(), name: z.string(), because: z.enum(['same-transport', 'same-name']) })
  .meta({ id: 'Duplicate' })

export const foundServer = z
  .object({
    name: z.string().describe('Under which it would be registered.'),
    source: z.object({ path: z.string(), format: z.enum(clientFormats), entry: z.string().describe('Text from outside.') }),
    config: serverConfig.nullable().describe('As it would be registered, always disabled. Null: the problems do not allow one.'),
    secrets: listOf(z.string()).describe('Fields whose values would be moved into files.'),
    changes: listOf(remark).describe('What is other than in the file, and what of it is not taken.'),
    problems: listOf(remark).describe('While there is one, it cannot be imported.'),
  })
  .meta({ id: 'FoundServer' })

export const candidate = foundServer
  .extend({ id: z.string(), digest: z.string().describe('To import just this.'), duplicateOf: duplicate.nullable() })
  .meta({ id: 'Candidate' })

export const discovery = z
  .object({
    candidates: listOf(candidate),
    files: listOf(z.object({ path: z.string(), servers: z.int(), problems: listOf(remark), notes: listOf(remark) })),
  })
  .meta({ id: 'Discovery' })

const exampleFound: z.input<typeof foundServer> = {
  name: 'github',
  source: { path: '/home/mira/.cursor/mcp.json', format: 'cursor', entry: 'GitHub' },
  config: exampleConfig,
  secrets: ['transport.env.GITHUB_TOKEN'],
  changes: [{ field: 'name', rule: 'renamed', says: 'the name became github' }],
  problems: [],
}

export const exampleDiscovery: z.input<typeof discovery> = {
  candidates: [{ ...exampleFound, id: exampleId, digest: 'a'.repeat(64), duplicateOf: null }],
  files: [{ path: '/home/mira/.cursor/mcp.json', servers: 1, problems: [], notes: [] }],
}

export const foundJson = ({ name, source, config, secrets, changes, problems }: FoundServer): z.input<typeof foundServer> => ({
  ...{ name, source, secrets: secrets.map(({ field }) => field) },
  ...{ config: config === undefined ? null : configJson(config), changes: remarks(changes), problems: remarks(problems) },
})

const configJson = (config: NonNullable<FoundServer['config']>): z.input<typeof serverConfig> => JSON.parse(JSON.stringify(config))
const remarks = (all: readonly Remark[]) => all.map(({ field, rule, says }) => ({ field, rule, says }))

const candidateJson = ({
  id,
  digest,
  found,
  duplicateOf = null,
}: Omit<Candidate, 'duplicateOf'> & { duplicateOf?: Candidate['duplicateOf'] | null }) => ({
  ...foundJson(found),
  ...{ id, digest, duplicateOf: duplicateOf ?? null },
})

export const discoveryJson = ({ candidates, files }: Discovery): z.input<typeof discovery> => ({
  candidates: candidates.map(candidateJson),
  files: files.map(({ path, servers, problems, notes }) => ({ path, servers, problems: remarks(problems), notes: remarks(notes) })),
})
