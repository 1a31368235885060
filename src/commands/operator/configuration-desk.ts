/** Discovery and configuration in one object for the API: what asks and records nothing, and the commands that change. */
import type { ConfigScan } from '../../domain/ports/config-scan.ts'
import type { Hash } from '../../domain/ports/hash.ts'
import type { SecretVault } from '../../domain/ports/secret-vault.ts'
import { type ConfigurationCommands, type ConfigurationOptions, createConfigurationCommands } from './configuration-commands.ts'
import { createDiscover, type Discover } from './discovery.ts'
import { createExportConfiguration, type ExportConfiguration } from './export-configuration.ts'
import { createImportCommand, type ImportCommand } from './import-command.ts'
import type { OperatorTools } from './operator-command.ts'

export type ConfigurationDesk = ConfigurationCommands &
  Readonly<{ discover: Discover; importServers: ImportCommand; exportConfiguration: ExportConfiguration }>

export type DeskOptions = ConfigurationOptions & Readonly<{ scan: ConfigScan; vault: SecretVault; hash: Hash }>

export function createConfigurationDesk(tools: OperatorTools, { scan, vault, ...options }: DeskOptions): ConfigurationDesk {
  const { hash, commands } = options
  const discover = createDiscover({ ...tools, scan, hash })
  return {
    ...createConfigurationCommands(tools, options),
    discover,
    importServers: createImportCommand(tools, { discover, vault, commands, hash }),
    exportConfiguration: createExportConfiguration({ ...tools, hash }),
  }
}
