/**
 * A Steward that somebody will kill: takes down what an earlier one left, starts programs, and lives. Tells what it does in lines of JSON.
 *
 *   steward.ts DATA_DIRECTORY METHOD|auto TAG KIND...
 */
import { join } from 'node:path'
import { openChildProcesses } from '../../../src/adapters/child-processes/child-processes.ts'
import { isLimitMethod } from './is-limit-method.ts'

const [dataDirectory = '', method = 'auto', tag = '', ...kinds] = process.argv.slice(2)
const tell = (said: object): boolean => process.stdout.write(`${JSON.stringify(said)}\n`)

const fleet = await openChildProcesses({ dataDirectory, limitMethod: isLimitMethod(method) ? method : undefined, closeGraceMs: 100 })
tell({ said: 'open', watchdog: fleet.watchdogPid() })
tell({ said: 'swept', killed: kinds.includes('--no-sweep') ? 0 : await fleet.sweep() })
const children = await Promise.all(
  kinds
    .filter((kind) => !kind.startsWith('--'))
    .map((kind, index) =>
      fleet.spawn({
        ...{ runId: `run-${index}`, command: 'sh', args: [join(import.meta.dirname, 'program.sh'), kind, tag] },
        ...{ env: { FLEET_TAG: tag }, limits: {} },
      }),
    ),
)
tell({ said: 'running', pids: children.map(({ process }) => process.pid) })
process.stdin.resume().once('end', () => void fleet.close().then(() => process.exit(0)))
