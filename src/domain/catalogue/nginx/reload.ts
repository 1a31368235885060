/** Reloading nginx: only a configuration that it accepts, and done only when workers of a new generation serve. */
import { z } from 'zod'
import type { Step } from '../action.ts'
import { absolutePath } from '../inventory.ts'
import { deniedByScript, type Right } from '../right.ts'

/** `nginx`, looked up on the account's path, or an absolute path. */
export const nginxBinary = z.union([z.literal('nginx'), absolutePath])

export type Nginx = Readonly<{ binary: string; configPath: string; pidFile: string }>

export const reload = ({ binary, configPath, pidFile }: Nginx): Step => ({
  say: 'reload nginx, and wait until workers with the new configuration serve',
  run: { kind: 'script', script: 'nginx/reload.sh', args: [binary, configPath, pidFile] },
})

export const mayReload = ({ pidFile }: Nginx): Right => ({
  to: 'signal the nginx master, so it cannot reload it',
  give: 'register the host with an account that runs as root, or as the user of the nginx master',
  run: { kind: 'script', script: 'nginx/check-reload.sh', args: [pidFile] },
  isMissing: deniedByScript,
})
