/** Another version of the package that a server is started from: what it would be, and the operation that puts it in place or returns. */
import { z } from 'zod'
import type { UpgradeTrial } from '../../commands/fleet/upgrade-trial.ts'
import type { HashedTool } from '../../domain/server/tool.ts'
import { ApiError } from '../api-error.ts'
import { defineRoute } from '../define-route.ts'
import { aCommandOnOne } from '../route-shapes.ts'
import { exampleId, exampleOutcome, line, listOf, outcome, outcomeJson, reason } from '../schemas/common.ts'
import { previewQuery } from '../schemas/preview.ts'
import { toolDefinition } from '../schemas/server-tool.ts'

const instructions = z.object({ from: z.string().nullable(), to: z.string().nullable() })

const trial = z
  .object({
    preview: z.literal(true),
    works: z.boolean(),
    from: z.string().nullable().describe('Null: the configuration names no version.'),
    to: z.string(),
    digest: z.string().nullable().describe('Of all that a model would read of it. Send it with the command to put just this in place.'),
    startedInMs: z.number().nullable(),
    protocolVersion: z.string().nullable(),
    tools: z
      .object({
        added: listOf(toolDefinition),
        removed: listOf(toolDefinition),
        changed: listOf(z.object({ name: z.string(), from: toolDefinition, to: toolDefinition })),
        unchanged: z.int(),
      })
      .nullable(),
    instructions: instructions.nullable().describe('What it tells every model about itself, where that differs. Text from outside.'),
    refusal: z
      .object({ rule: z.string(), says: z.string(), stderrTail: z.string().describe('Text from outside.') })
      .nullable()
      .describe('Why it would not be put in place.'),
  })
  .meta({ id: 'UpgradeTrial' })

export const exampleTrial: z.input<typeof trial> = {
  ...{ preview: true, works: true, from: '1.0.0', to: '2.0.0', digest: 'a'.repeat(64), startedInMs: 512, protocolVersion: '2025-11-25' },
  tools: {
    added: [{ name: 'read_link', description: 'Reads a link.', inputSchema: { type: 'object' } }],
    removed: [],
    changed: [
      {
        name: 'read_file',
        from: { name: 'read_file', description: 'Reads a file.', inputSchema: { type: 'object' } },
        to: { name: 'read_file', description: 'Reads a file or a link.', inputSchema: { type: 'object' } },
      },
    ],
    unchanged: 10,
  },
  ...{ instructions: { from: null, to: 'Ask before you read links.' }, refusal: null },
}

export const upgradeServer = defineRoute({
  ...aCommandOnOne,
  path: '/api/v1/servers/{id}/upgrade',
  operation: 'servers.upgrade',
  tag: 'servers',
  summary: 'Put another version of its package in place',
  description:
    'With `preview`: starts that version beside the one that runs, ends it, and says what would differ. Without: an operation. It tries the version in the same way, changes the configuration, lets calls under way end, and restarts; when the new version does not become healthy and stay so, the one from before is put back.',
  permission: 'mcp:manage_servers',
  rateClass: 'costly',
  query: previewQuery,
  body: z.strictObject({
    version: line(100).describe('Exact, such as 1.2.3.'),
    digest: line(64).exactOptional().describe('Of the trial that was looked at. When it comes to something else by now, nothing is done.'),
    reason: reason.default('none given'),
  }),
  answer: {
    status: 202,
    schema: z.union([outcome.extend({ operationId: z.string() }), trial]),
    example: { ...exampleOutcome, id: exampleId, operationId: exampleId },
  },
  refusals: ['server-not-registered', 'not-a-package', 'not-an-exact-version', 'server-not-supervised-here'],
  async handle({ params: { id }, body: { version, digest, reason: why }, query: { preview }, caller, meta }, { commands, fleet, queries }) {
    if (!(await queries.servers.show(id)).value) throw new ApiError('not-found')
    if (preview) return { json: trialJson(await fleet.tryUpgrade(id, version, caller.signal)), status: 200 }
    const input = { id, version, reason: why, ...(digest === undefined ? {} : { digest }) }
    const started = await commands.startUpgrade({ ...input, meta })
    return { json: { ...outcomeJson(started), operationId: started.id }, location: `/api/v1/operations/${started.id}` }
  },
})

function trialJson(tried: UpgradeTrial): z.input<typeof trial> {
  const { from, to } = tried
  const nothing = {
    ...{ preview: true as const, works: false, from, to, digest: null, startedInMs: null, protocolVersion: null },
    ...{ tools: null, instructions: null, refusal: null },
  }
  switch (tried.kind) {
    case 'same':
      return { ...nothing, works: true }
    case 'refused': {
      const { rule, says, stderrTail } = tried
      return { ...nothing, refusal: { rule, says, stderrTail } }
    }
    case 'works': {
      const { digest, startedInMs, negotiated, tools, instructions: told } = tried
      const { added, removed, changed, unchanged } = tools
      return {
        ...nothing,
        ...{ works: true, digest, startedInMs, protocolVersion: negotiated.protocolVersion, instructions: told },
        tools: {
          ...{ added: added.map(definitionOf), removed: removed.map(definitionOf), unchanged },
          changed: changed.map(({ name, from: was, to: is }) => ({ name, from: definitionOf(was), to: definitionOf(is) })),
        },
      }
    }
  }
}

const definitionOf = ({ definition }: HashedTool): z.input<typeof toolDefinition> => ({ ...definition })

export const serverUpgradeRoutes = [upgradeServer]
