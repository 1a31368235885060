/** Starting a service through whatever controls it on its host. */
import type { Step } from '../action.ts'
import type { ServiceControl } from '../inventory.ts'

/** The words by which our scripts know a control. */
export function controlWords(control: ServiceControl): readonly string[] {
  switch (control.kind) {
    case 'systemd':
      return ['systemd', control.unit]
    case 'sysv':
      return ['sysv', control.name]
    case 'direct':
      return ['direct', control.start, control.pidFile]
  }
}

export const unitOf = (control: ServiceControl): string => controlWords(control)[1] ?? ''

export const startService = (control: ServiceControl): Step => ({
  say: `start ${unitOf(control)}, and wait until it runs`,
  run: { kind: 'script', script: 'common/start-service.sh', args: controlWords(control) },
})
