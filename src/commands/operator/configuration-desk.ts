/** Discovery and configuration in one object for the API: what asks and records nothing, and the commands that change. */
import type { ConfigScan } from '../../domain/ports/config-scan.ts'
import type { Hash } from '../../domain/ports/hash.ts'
import type { JsonObject } from '../../domain/ports/json.ts'
import type { Logger } from '../../domain/ports/logger.ts'
import type { SecretVault } from '../../domain/ports/secret-vault.ts'
import { backgroundOperation } from './background-operation.ts'
import { type ConfigurationCommands, type ConfigurationOptions, createConfigurationCommands } from './configuration-commands.ts'
import { createDiscover, type Discover, type Discovery } from './discovery.ts'
import { createExportConfiguration, type ExportConfiguration } from './export-configuration.ts'
import { createImportCommand, type ImportCommand } from './import-command.ts'
import type { OperatorCommand, OperatorTools } from './operator-command.ts'

export type ConfigurationDesk = ConfigurationCommands &
  Readonly<{
    discover: Discover
    /** A scan whose figures are on record. The id of the outcome is that of the operation. */
    startDiscovery: OperatorCommand<Readonly<{ name: string }>>
    importServers: ImportCommand
    exportConfiguration: ExportConfiguration
  }>

export type DeskOptions = ConfigurationOptions & Readonly<{ scan: ConfigScan; vault: SecretVault; hash: Hash; logger: Logger }>

export function createConfigurationDesk(tools: OperatorTools, { scan, vault, logger, ...options }: DeskOptions): ConfigurationDesk {
  const { hash, commands } = options
  const discover = createDiscover({ ...tools, scan, hash })
  return {
    ...createConfigurationCommands(tools, options),
    discover,
    startDiscovery: backgroundOperation(tools, { logger }, 'discovery', async () => figuresOf(await discover())),
    importServers: createImportCommand(tools, { discover, vault, commands, hash }),
    exportConfiguration: createExportConfiguration({ ...tools, hash }),
  }
}

/** Numbers only: what a file holds is looked at, and never recorded. */
const figuresOf = ({ candidates, files }: Discovery): JsonObject => ({
  found: candidates.length,
  importable: candidates.filter(({ found, duplicateOf }) => found.problems.length === 0 && duplicateOf === undefined).length,
  duplicates: candidates.filter(({ duplicateOf }) => duplicateOf !== undefined).length,
  files: files.length,
  filesWithProblems: files.filter(({ problems }) => problems.length > 0).length,
})
