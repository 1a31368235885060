/** Colours, where there is a terminal that shows them and nobody asked to have none (https://no-color.org). They repeat what the words say. */
import { styleText } from 'node:util'

export type Tone = 'plain' | 'strong' | 'dim' | 'good' | 'warn' | 'bad' | 'accent'

export type Paint = (tone: Tone, text: string) => string

const formats = {
  plain: 'reset',
  strong: 'bold',
  dim: 'dim',
  good: 'green',
  warn: 'yellow',
  bad: 'red',
  accent: 'cyan',
} as const satisfies Record<Tone, Parameters<typeof styleText>[0]>

export function paintFor(stream: Readonly<{ isTTY?: boolean | undefined }>, env: Readonly<Record<string, string | undefined>>): Paint {
  const colours = stream.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
  return (tone, text) => (colours && tone !== 'plain' && text !== '' ? styleText(formats[tone], text, { validateStream: false }) : text)
}

/** The tone of a word that the API uses for a state, so that the same word looks the same on every screen. */
export const toneOf = (word: string): Tone => tones.get(word) ?? 'plain'

const tones: ReadonlyMap<string, Tone> = new Map<string, Tone>([
  ...['healthy', 'reachable', 'visible', 'fixed', 'recovered', 'succeeded', 'done', 'live', 'granted', 'ok', 'low', 'closed', 'holds'].map(
    (word) => [word, 'good'] as const,
  ),
  ...[
    'degraded',
    'paused',
    'unknown',
    'pending',
    'warning',
    'warn',
    'medium',
    'rebuilding',
    'awaiting-approval',
    'never-ran',
    'expired',
    'received',
    'partly',
    'cancelling',
    'cancelled',
    'skipped',
  ].map((word) => [word, 'warn'] as const),
  ...[
    'unhealthy',
    'lost',
    'frozen',
    'unseen',
    'troubled',
    'error',
    'critical',
    'failed',
    'fail',
    'high',
    'parked',
    'escalated',
    'open',
    'rejected',
  ].map((word) => [word, 'bad'] as const),
  ...['retired', 'revoked', 'info', 'observe', 'not-confirmed', 'used'].map((word) => [word, 'dim'] as const),
])
