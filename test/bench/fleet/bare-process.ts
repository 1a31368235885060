/** The bare pass-through as a process of its own: tells its address, and ends with whoever started it. */
import { startBare } from './bare.ts'

const bare = await startBare(process.execPath, process.argv.slice(2))
process.on('disconnect', () => void bare.close().then(() => process.exit(0)))
process.send?.({ url: bare.url })
