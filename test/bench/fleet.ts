/**
 * `npm run bench:fleet`: what Steward costs between a caller and an MCP server, beside a bare pass-through and other gateways; how soon it sees a crash;
 * and how it carries a hundred servers. `-- calls`, `-- crashes`, `-- hundred`, `-- peers` for a part of it.
 */
import { benchCalls } from './fleet/calls.ts'
import { benchCrashes } from './fleet/crashes.ts'
import { benchHundred } from './fleet/hundred.ts'
import { benchPeers } from './fleet/peers.ts'
import { machineLine } from './support/report.ts'

const parts = { calls: benchCalls, crashes: benchCrashes, hundred: benchHundred, peers: benchPeers } as const
type Part = keyof typeof parts
const isPart = (word: string): word is Part => Object.hasOwn(parts, word)

const asked = process.argv.slice(2)
const unknown = asked.find((word) => !isPart(word))
if (unknown !== undefined) throw new RangeError(`there is no part ${unknown}: ${Object.keys(parts).join(', ')}`)
console.log(machineLine())
for (const [name, bench] of Object.entries(parts)) if (asked.length === 0 || asked.includes(name)) await bench()
