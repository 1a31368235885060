/** A caller in a process of its own, so that it can be killed. Runs one program, given as JSON in its first argument. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createSystemClock } from '../../../src/adapters/clock/system-clock.ts'
import { createRemoteHosts } from '../../../src/adapters/ssh/remote-hosts.ts'
import type { Program } from '../../../src/domain/catalogue/program.ts'
import type { HostAddress, Mark } from '../../../src/domain/ports/remote-host.ts'
import { plainSecrets } from './host-under-test.ts'

type Step = Readonly<{ address: HostAddress; program: Program; timeoutMs: number; mark: Mark }>

export const spawnStep = (step: Step): ChildProcess =>
  spawn(process.execPath, [fileURLToPath(import.meta.url), JSON.stringify(step)], { stdio: 'inherit' })

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { address, program, timeoutMs, mark }: Step = JSON.parse(process.argv[2] ?? '{}')
  const hosts = createRemoteHosts({ secrets: plainSecrets, clock: createSystemClock() })
  await hosts.open(address).execute(program, { timeoutMs, mark })
  await hosts.close()
}
