/** The aggregate of a managed MCP server: what people want of it, what the supervisor tells of it, and what its tools may do. */
import { type Decider, unreachable } from '../decider.ts'
import type { ServerCommand } from './commands.ts'
import { decideFact } from './decide-facts.ts'
import { decideIntent } from './decide-intent.ts'
import { decideTool } from './decide-tools.ts'
import type { ServerEvent } from './events.ts'
import { evolve } from './evolve.ts'
import type { Server } from './state.ts'

export const server: Decider<Server, ServerCommand, ServerEvent> = {
  initialState: { situation: 'absent' },
  evolve,
  decide(state, command) {
    switch (command.type) {
      case 'RegisterServer':
      case 'ChangeServerConfig':
      case 'EnableServer':
      case 'DisableServer':
      case 'RequestServerStart':
      case 'RequestServerStop':
      case 'RequestServerRestart':
      case 'EnterMaintenance':
      case 'LeaveMaintenance':
      case 'ApproveExecutable':
      case 'RevokeExecutable':
      case 'RetireServer':
      case 'RestoreServer':
      case 'FenceStep':
        return decideIntent(state, command)
      case 'BeginServerStart':
      case 'ReportServerSpawned':
      case 'ReportServerRunning':
      case 'ReportServerStopping':
      case 'ReportServerStopped':
      case 'ReportServerFailed':
      case 'ReportServerMeasures':
      case 'ReportServerHealth':
        return decideFact(state, command)
      case 'ReportTools':
      case 'ApproveTool':
      case 'ApproveInstructions':
      case 'EnableTool':
      case 'DisableTool':
      case 'ChangeToolSettings':
        return decideTool(state, command)
      default:
        return unreachable(command)
    }
  },
}
