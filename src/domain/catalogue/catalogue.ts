/** Every action there is. What is not in this list does not exist: no rule, model or request can name it. */
import type { ActionId, Service } from './action.ts'
import { type CatalogueAction, defineAction } from './bound-action.ts'
import { raiseDescriptorLimit } from './nginx/raise-descriptor-limit.ts'
import { restartBackend } from './nginx/restart-backend.ts'
import { restoreConfig as restoreNginxConfig } from './nginx/restore-config.ts'
import { restorePermission } from './nginx/restore-permission.ts'
import { endBlocker } from './postgresql/end-blocker.ts'
import { restoreConfig as restorePostgresqlConfig } from './postgresql/restore-config.ts'
import { terminateSessions } from './postgresql/terminate-sessions.ts'
import { raiseMaxmemory } from './redis/raise-maxmemory.ts'
import { restoreDirectoryMode } from './redis/restore-directory-mode.ts'
import { disable as disableServer } from './server/disable.ts'
import { raiseMemoryLimit } from './server/raise-memory-limit.ts'
import { restart as restartServer } from './server/restart.ts'
import { restoreConfiguration } from './server/restore-configuration.ts'

export const catalogue: readonly CatalogueAction[] = [
  defineAction(restoreNginxConfig),
  defineAction(restorePermission),
  defineAction(raiseDescriptorLimit),
  defineAction(restartBackend),
  defineAction(terminateSessions),
  defineAction(endBlocker),
  defineAction(restorePostgresqlConfig),
  defineAction(raiseMaxmemory),
  defineAction(restoreDirectoryMode),
  defineAction(restartServer),
  defineAction(disableServer),
  defineAction(restoreConfiguration),
  defineAction(raiseMemoryLimit),
]

const byId = new Map<string, CatalogueAction>(catalogue.map((action) => [action.id, action]))

export const findAction = (id: string): CatalogueAction | undefined => byId.get(id)

export const actionsFor = (service: Service): readonly CatalogueAction[] => catalogue.filter((action) => action.service === service)

export const isActionId = (id: string): id is ActionId => byId.has(id)

/** Changes with every action that comes, goes or changes its version; part of every plan hash. */
export const catalogueContents: string = catalogue.map(({ id, version }) => `${id}@${version}`).join(' ')
