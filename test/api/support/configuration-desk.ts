/** Discovery and configuration over their real parts in memory; what a scan finds, and where secrets go, is said by the test. */
import { createAttempt } from '../../../src/commands/operator/attempts.ts'
import { createConfigurationDesk } from '../../../src/commands/operator/configuration-desk.ts'
import { createServerCommands } from '../../../src/commands/operator/server-commands.ts'
import { createUndoCommand } from '../../../src/commands/operator/undo-command.ts'
import type { ScannedFile } from '../../../src/domain/ports/config-scan.ts'
import { type Bench, createBench } from '../../commands/support/bench.ts'

/** `bench`: over its log. */
export function configurationDesk(files: readonly ScannedFile[] = [], bench: Bench = createBench()) {
  const tools = { ...bench, attempt: createAttempt(bench), byName: new Map() }
  const commands = createServerCommands(tools, bench)
  /** Names of secrets that were put, values hidden. */
  const kept = new Set<string>()
  const configuration = createConfigurationDesk(tools, {
    ...{ commands, undo: createUndoCommand(tools), hash: bench.hash, logger: bench.logger },
    scan: { scan: async () => files },
    vault: {
      async put(name) {
        kept.add(name)
        return `file:${name}`
      },
      async withdraw(folder) {
        for (const name of kept) if (name.startsWith(`${folder}/`)) kept.delete(name)
      },
    },
  })
  const begun = bench.given('log-identity', { type: 'LogCreated', data: { logId: 'log-1', namespace: 'test' } })
  return { ...bench, commands, configuration, kept, begun }
}
