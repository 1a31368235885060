/** Sets a parked process instance going again: by trying the same input once more, or by leaving it out for good. Both are on record. */
import { isProcessName } from '../../domain/processes/process-name.ts'
import { CommandRefused } from '../command-refused.ts'
import { processStreamOf, readProcessStream } from '../process-stream.ts'
import { decidedAgain } from '../retry.ts'
import { type OperatorCommand, type OperatorTools, operatorCommand } from './operator-command.ts'

export type Unpark = Readonly<{ process: string; instance: string; way: 'retry' | 'skip'; reason: string }>

export const createUnparkCommand = (tools: OperatorTools): OperatorCommand<Unpark> =>
  operatorCommand<Unpark>(tools, {
    name: 'processes.unpark',
    subject: ({ process, instance }) => `${process}-${instance}`,
    body: ({ process, instance, way, reason }) => ({ process, instance, way, reason }),
    run: ({ process, instance, way, reason }, { meta, now }) =>
      decidedAgain(async () => {
        if (!isProcessName(process)) throw new CommandRefused({ rule: 'instance-not-parked', facts: { process } })
        const name = processStreamOf(process, instance)
        const { events, expected } = await tools.log.load(name)
        const known = events.findLast((event) => event.type === 'InstanceUnparked' && event.metadata.commandId === meta.commandId)
        if (known) return { id: instance, handled: known }
        if (!readProcessStream(events).parked) throw new CommandRefused({ rule: 'instance-not-parked', facts: { process } })
        const data = { process, instance, way, by: meta.owner, reason, at: now }
        const cause = { actor: meta.actor, commandId: meta.commandId, correlationId: meta.correlationId, causationId: meta.commandId }
        return { id: instance, handled: await tools.log.append(name, expected, [{ type: 'InstanceUnparked', data }], cause) }
      }),
    read: () => ({}),
  })
