/**
 * A server with everything that the official conformance suite asks for, written on the official SDK. The same one is run directly and behind the
 * gateway, so that what differs is the gateway's.
 */
import {
  acceptedContent,
  completable,
  createRequestStateCodec,
  fromJsonSchema,
  inputRequired,
  inputResponse,
  McpServer,
  ResourceTemplate,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { z } from 'zod'

export type Changes = Readonly<{ toolsChanged: () => void; promptsChanged: () => void }>

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const SILENCE = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA='

const states = createRequestStateCodec<{ step: number }>({ key: 'a key that only this fixture of a test has, 32 bytes' })

type Content = { type: 'text'; text: string }
const text = (...lines: string[]) => ({ content: lines.map((line): Content => ({ type: 'text', text: line })) })
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

export function createBackEnd(era: 'legacy' | 'modern', changes?: Changes): McpServer {
  const server = new McpServer(
    { name: 'conformance-back-end', version: '1.0.0' },
    {
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
        logging: {},
        completions: {},
      },
      requestState: { verify: states.verify },
      instructions: 'For tests of conformance only.',
    },
  )
  const told: Changes = changes ?? {
    toolsChanged: () => void server.sendToolListChanged(),
    promptsChanged: () => void server.sendPromptListChanged(),
  }
  simpleTools(server)
  talkingTools(server)
  // Both kinds in both eras: a list that depended on the era would have to be approved twice.
  askingTools(server)
  inputTools(server)
  statelessTools(server, told)
  resources(server, era)
  prompts(server, era)
  return server
}

function simpleTools(server: McpServer): void {
  const image = { type: 'image' as const, data: PIXEL, mimeType: 'image/png' }
  server.registerTool('test_simple_text', { description: 'One text' }, () => text('This is a simple text response for testing.'))
  server.registerTool('test_image_content', { description: 'One image' }, () => ({ content: [image] }))
  server.registerTool('test_audio_content', { description: 'One sound' }, () => ({
    content: [{ type: 'audio', data: SILENCE, mimeType: 'audio/wav' }],
  }))
  server.registerTool('test_embedded_resource', { description: 'One resource' }, () => ({
    content: [
      {
        type: 'resource',
        resource: { uri: 'test://embedded-resource', mimeType: 'text/plain', text: 'This is an embedded resource content.' },
      },
    ],
  }))
  server.registerTool('test_multiple_content_types', { description: 'Text, image and resource' }, () => ({
    content: [
      { type: 'text', text: 'Multiple content types test:' },
      image,
      {
        type: 'resource',
        resource: { uri: 'test://mixed-content-resource', mimeType: 'application/json', text: '{"test":"data","value":123}' },
      },
    ],
  }))
  server.registerTool('test_error_handling', { description: 'Always fails' }, () => {
    throw new Error('This tool intentionally returns an error for testing')
  })
  server.registerTool(
    'json_schema_2020_12_tool',
    {
      description: 'A schema with keywords of JSON Schema 2020-12',
      inputSchema: fromJsonSchema({
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        type: 'object',
        $defs: {
          address: { $anchor: 'addressDef', type: 'object', properties: { street: { type: 'string' }, city: { type: 'string' } } },
        },
        properties: {
          name: { type: 'string' },
          address: { $ref: '#/$defs/address' },
          contactMethod: { type: 'string', enum: ['phone', 'email'] },
          phone: { type: 'string' },
          email: { type: 'string' },
        },
        allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }, { required: ['name'] }] }],
        if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
        // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
        then: { required: ['phone'] },
        else: {},
        additionalProperties: false,
      }),
    },
    (args) => text(JSON.stringify(args)),
  )
  server.registerTool(
    'test_custom_headers',
    {
      description: 'A parameter that is mirrored into a header',
      inputSchema: fromJsonSchema(MIRRORED),
    },
    (args) => text(JSON.stringify(args)),
  )
}

function talkingTools(server: McpServer): void {
  const none = { inputSchema: z.object({}) }
  const log = (ctx: ServerContext, data: string) => ctx.mcpReq.log('info', data)
  server.registerTool('test_tool_with_logging', { description: 'Logs while it works', ...none }, async (_args, ctx) => {
    await log(ctx, 'Tool execution started')
    await pause(50)
    await log(ctx, 'Tool processing data')
    await pause(50)
    await log(ctx, 'Tool execution completed')
    return text('Tool with logging executed successfully')
  })
  server.registerTool('test_logging_tool', { description: 'Logs where the request wants it', ...none }, async (_args, ctx) => {
    await log(ctx, 'logged')
    return text('done')
  })
  server.registerTool('test_tool_with_progress', { description: 'Shows progress', ...none }, async (_args, ctx) => {
    const progressToken = ctx.mcpReq._meta?.progressToken
    for (const progress of [0, 50, 100]) {
      if (progressToken !== undefined) {
        const params = { progressToken, progress, total: 100, message: `Completed step ${progress} of 100` }
        await ctx.mcpReq.notify({ method: 'notifications/progress', params })
      }
      await pause(50)
    }
    return text(String(progressToken))
  })
  server.registerTool('test_reconnection', { description: 'Goes on while its stream is closed', ...none }, async (_args, ctx) => {
    ctx.http?.closeSSE?.()
    await pause(100)
    return text('Reconnection test completed successfully')
  })
}

/** The older era: the server asks by requests of its own. */
function askingTools(server: McpServer): void {
  const form = (properties: Record<string, object>, required: string[] = []) =>
    ({ type: 'object', properties, required }) as Parameters<ServerContext['mcpReq']['elicitInput']>[0]['requestedSchema' & keyof object]
  const elicit = async (ctx: ServerContext, message: string, requestedSchema: unknown) => {
    const answer = await ctx.mcpReq.elicitInput({ mode: 'form', message, requestedSchema } as Parameters<
      ServerContext['mcpReq']['elicitInput']
    >[0])
    return text(`Elicitation completed: action=${answer.action}, content=${JSON.stringify(answer.content ?? {})}`)
  }
  server.registerTool(
    'test_sampling',
    { description: 'Asks for a completion', inputSchema: z.object({ prompt: z.string() }) },
    async ({ prompt }, ctx) => {
      const answer = await ctx.mcpReq.requestSampling({
        messages: [{ role: 'user', content: { type: 'text', text: prompt } }],
        maxTokens: 100,
      })
      return text(`LLM response: ${JSON.stringify(answer.content)}`)
    },
  )
  server.registerTool(
    'test_elicitation',
    { description: 'Asks a person', inputSchema: z.object({ message: z.string() }) },
    async ({ message }, ctx) =>
      elicit(
        ctx,
        message,
        form(
          { username: { type: 'string', description: "User's response" }, email: { type: 'string', description: "User's email address" } },
          ['username', 'email'],
        ),
      ),
  )
  server.registerTool(
    'test_elicitation_sep1034_defaults',
    { description: 'Asks with defaults', inputSchema: z.object({}) },
    async (_args, ctx) =>
      elicit(
        ctx,
        'Please review the defaults',
        form({
          name: { type: 'string', default: 'John Doe' },
          age: { type: 'integer', default: 30 },
          score: { type: 'number', default: 95.5 },
          status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
          verified: { type: 'boolean', default: true },
        }),
      ),
  )
  server.registerTool(
    'test_elicitation_sep1330_enums',
    { description: 'Asks with choices', inputSchema: z.object({}) },
    async (_args, ctx) => {
      const titled = ['First', 'Second', 'Third'].map((name, index) => ({ const: `value${index + 1}`, title: `${name} Option` }))
      const plain = ['option1', 'option2', 'option3']
      return elicit(
        ctx,
        'Please choose',
        form({
          untitledSingle: { type: 'string', enum: plain },
          titledSingle: { type: 'string', oneOf: titled },
          legacyEnum: { type: 'string', enum: ['opt1', 'opt2', 'opt3'], enumNames: ['Option One', 'Option Two', 'Option Three'] },
          untitledMulti: { type: 'array', items: { type: 'string', enum: plain } },
          titledMulti: { type: 'array', items: { anyOf: titled } },
        }),
      )
    },
  )
}

const MIRRORED: Parameters<typeof fromJsonSchema>[0] = JSON.parse(
  '{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"},"query":{"type":"string"}},"required":["region"]}',
)

const NAME_FORM = z.object({ name: z.string() })
const askName = inputRequired.elicit({ message: 'What is your name?', requestedSchema: NAME_FORM })
const askText = (question: string, maxTokens: number) =>
  inputRequired.createMessage({ messages: [{ role: 'user', content: { type: 'text', text: question } }], maxTokens })

/** The stateless era: the server answers that it needs something. */
function inputTools(server: McpServer): void {
  const none = { description: 'Needs input', inputSchema: z.object({}) }
  const nameIn = (ctx: ServerContext, key: string) => acceptedContent<{ name: string }>(ctx.mcpReq.inputResponses, key)?.name
  const step = (ctx: ServerContext) => ctx.mcpReq.requestState<{ step: number }>()?.step ?? 0

  server.registerTool('test_input_required_result_elicitation', none, (_args, ctx) => {
    const name = nameIn(ctx, 'user_name')
    return typeof name === 'string' ? text(`Hello, ${name}!`) : inputRequired({ inputRequests: { user_name: askName } })
  })
  server.registerTool('test_input_required_result_sampling', none, (_args, ctx) => {
    const given = inputResponse(ctx.mcpReq.inputResponses, 'capital_question')
    if (given.kind !== 'sampling')
      return inputRequired({ inputRequests: { capital_question: askText('What is the capital of France?', 100) } })
    return text(JSON.stringify(given.result.content))
  })
  server.registerTool('test_input_required_result_list_roots', none, (_args, ctx) => {
    const given = inputResponse(ctx.mcpReq.inputResponses, 'client_roots')
    if (given.kind !== 'roots') return inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } })
    return text(`Roots: ${given.roots.map(({ uri }) => uri).join(', ')}`)
  })
  server.registerTool('test_input_required_result_request_state', none, async (_args, ctx) => {
    if (step(ctx) === 1 && inputResponse(ctx.mcpReq.inputResponses, 'confirm').kind === 'elicit') return text('state-ok')
    const requestedSchema = z.object({ ok: z.boolean() })
    const confirm = inputRequired.elicit({ message: 'Please confirm', requestedSchema })
    return inputRequired({ inputRequests: { confirm }, requestState: await states.mint({ step: 1 }) })
  })
  server.registerTool('test_input_required_result_multiple_inputs', none, async (_args, ctx) => {
    const kinds = ['user_name', 'greeting', 'client_roots'].map((key) => inputResponse(ctx.mcpReq.inputResponses, key).kind)
    if (step(ctx) === 1 && !kinds.includes('missing')) return text('all inputs are there')
    const inputRequests = { user_name: askName, greeting: askText('Generate a greeting', 50), client_roots: inputRequired.listRoots() }
    return inputRequired({ inputRequests, requestState: await states.mint({ step: 1 }) })
  })
  server.registerTool('test_input_required_result_multi_round', none, async (_args, ctx) => {
    if (step(ctx) === 2) return text('both steps are done')
    if (step(ctx) === 1) {
      const requestedSchema = z.object({ color: z.string() })
      const step2 = inputRequired.elicit({ message: 'Step 2: What is your favorite color?', requestedSchema })
      return inputRequired({ inputRequests: { step2 }, requestState: await states.mint({ step: 2 }) })
    }
    const step1 = inputRequired.elicit({ message: 'Step 1: What is your name?', requestedSchema: NAME_FORM })
    return inputRequired({ inputRequests: { step1 }, requestState: await states.mint({ step: 1 }) })
  })
  server.registerTool('test_input_required_result_tampered_state', none, async (_args, ctx) => {
    if (step(ctx) === 1) return text('the state is as it was given')
    const requestedSchema = z.object({ ok: z.boolean() })
    const confirm = inputRequired.elicit({ message: 'Please confirm', requestedSchema })
    return inputRequired({ inputRequests: { confirm }, requestState: await states.mint({ step: 1 }) })
  })
  server.registerTool('test_input_required_result_capabilities', none, (_args, ctx) => {
    const can = capabilitiesIn(ctx)
    if (Object.keys(ctx.mcpReq.inputResponses ?? {}).length > 0) return text('done')
    const inputRequests = {
      ...('elicitation' in can ? { user_name: askName } : {}),
      ...('sampling' in can ? { greeting: askText('Generate a greeting', 50) } : {}),
      ...('roots' in can ? { client_roots: inputRequired.listRoots() } : {}),
    }
    return Object.keys(inputRequests).length === 0 ? text('nothing can be asked') : inputRequired({ inputRequests })
  })
}

function capabilitiesIn(ctx: ServerContext): Readonly<Record<string, unknown>> {
  const envelope: Readonly<Record<string, unknown>> = { ...ctx.mcpReq.envelope }
  const value = envelope['io.modelcontextprotocol/clientCapabilities']
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function statelessTools(server: McpServer, { toolsChanged, promptsChanged }: Changes): void {
  const none = { inputSchema: z.object({}) }
  server.registerTool('test_missing_capability', { description: 'Needs sampling', ...none }, () =>
    inputRequired({ inputRequests: { greeting: askText('Generate a greeting', 50) } }),
  )
  server.registerTool('test_streaming_elicitation', { description: 'Asks on its stream', ...none }, (_args, ctx) =>
    'elicitation' in capabilitiesIn(ctx) ? inputRequired({ inputRequests: { user_name: askName } }) : text('nothing can be asked'),
  )
  server.registerTool('test_trigger_tool_change', { description: 'Says that the tools changed', ...none }, () => {
    toolsChanged()
    return text('said')
  })
  server.registerTool('test_trigger_prompt_change', { description: 'Says that the prompts changed', ...none }, () => {
    promptsChanged()
    return text('said')
  })
}

function resources(server: McpServer, era: 'legacy' | 'modern'): void {
  const plain = { mimeType: 'text/plain' }
  server.registerResource('static-text', 'test://static-text', plain, (uri) => ({
    contents: [{ uri: uri.href, ...plain, text: 'This is the content of the static text resource.' }],
  }))
  server.registerResource('static-binary', 'test://static-binary', { mimeType: 'image/png' }, (uri) => ({
    contents: [{ uri: uri.href, mimeType: 'image/png', blob: PIXEL }],
  }))
  server.registerResource('watched', 'test://watched-resource', plain, (uri) => ({
    contents: [{ uri: uri.href, ...plain, text: 'watched' }],
  }))
  server.registerResource(
    'template',
    new ResourceTemplate('test://template/{id}/data', { list: undefined }),
    { mimeType: 'application/json' },
    (uri, { id }) => ({
      contents: [
        {
          uri: uri.href,
          mimeType: 'application/json',
          text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${String(id)}` }),
        },
      ],
    }),
  )
  if (era === 'modern') return
  server.server.setRequestHandler('resources/subscribe', () => ({}))
  server.server.setRequestHandler('resources/unsubscribe', () => ({}))
}

function prompts(server: McpServer, era: 'legacy' | 'modern'): void {
  const user = (content: object) => ({ messages: [{ role: 'user' as const, content: content as Content }] })
  server.registerPrompt('test_simple_prompt', { description: 'No arguments' }, () =>
    user({ type: 'text', text: 'This is a simple prompt for testing.' }),
  )
  server.registerPrompt(
    'test_prompt_with_arguments',
    {
      description: 'Two arguments',
      argsSchema: z.object({ arg1: completable(z.string(), (value) => [`${value}-completed`]), arg2: z.string() }),
    },
    ({ arg1, arg2 }) => user({ type: 'text', text: `Prompt with arguments: arg1='${arg1}', arg2='${arg2}'` }),
  )
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description: 'A resource within', argsSchema: z.object({ resourceUri: z.string() }) },
    ({ resourceUri }) =>
      user({ type: 'resource', resource: { uri: resourceUri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' } }),
  )
  server.registerPrompt('test_prompt_with_image', { description: 'An image within' }, () =>
    user({ type: 'image', data: PIXEL, mimeType: 'image/png' }),
  )
  if (era === 'legacy') return
  server.registerPrompt('test_input_required_result_prompt', { description: 'Needs input' }, (ctx) => {
    const given = acceptedContent<{ context: string }>(ctx.mcpReq.inputResponses, 'user_context')
    if (typeof given?.context === 'string') return user({ type: 'text', text: `Context: ${given.context}` })
    const requestedSchema = z.object({ context: z.string() })
    return inputRequired({
      inputRequests: { user_context: inputRequired.elicit({ message: 'What context should the prompt use?', requestedSchema }) },
    })
  })
}
