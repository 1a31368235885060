/** The calculator that comes with Steward: an MCP server over standard input and output with one tool. It reads no file, opens no connection and needs no setting. */
import { type Served, serveStdio, ToolFailure } from '../stdio-server.ts'
import { evaluate, functionNames, MOST_CHARACTERS } from './evaluate.ts'

const calculator: Served = {
  info: { name: 'steward-calculator', title: 'Calculator', version: '1.0.0' },
  instructions: 'Use `calculate` for arithmetic instead of working it out.',
  tools: [
    {
      definition: {
        name: 'calculate',
        title: 'Calculate',
        description: `Works out an arithmetic expression: + - * / % ^, brackets, pi, e, and the functions ${functionNames.join(', ')}. Angles are in radians. Numbers have 15 to 17 digits.`,
        inputSchema: {
          type: 'object',
          properties: {
            expression: { type: 'string', minLength: 1, maxLength: MOST_CHARACTERS, description: 'For example (2 + 3) * sqrt(16) / 7' },
          },
          required: ['expression'],
          additionalProperties: false,
        },
        outputSchema: { type: 'object', properties: { value: { type: 'number' } }, required: ['value'] },
        annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
      },
      call({ expression }) {
        if (typeof expression !== 'string') return new ToolFailure('expression must be text, such as "2 * (3 + 4)"')
        const result = evaluate(expression)
        if (result.kind === 'broken') return new ToolFailure(`at character ${result.position}: ${result.says}`)
        // Fifteen digits are right whatever was added up before; the value itself is told as it is.
        return { text: String(Number(result.value.toPrecision(15))), value: { value: result.value } }
      },
    },
  ],
}

await serveStdio(calculator, { input: process.stdin, output: process.stdout })
