/**
 * The contract of the `RemoteHost` port. Every server that speaks SSH must let every case pass; a server only adds a factory
 * (support/host-under-test.ts). No case looks into the adapter: they look at what the host has on its disk and which processes it runs.
 */
import { afterEach, beforeEach, describe } from 'vitest'
import { followCases } from './remote-host/follow.ts'
import { markCases } from './remote-host/marks.ts'
import { programCases } from './remote-host/programs.ts'
import { reachCases } from './remote-host/reach.ts'
import { rotationCases } from './remote-host/rotation.ts'
import { sqlCases } from './remote-host/sql.ts'
import { type CurrentHost, type HostUnderTest, openHostUnderTest, type SshServerFactory } from './support/host-under-test.ts'

export function describeRemoteHost(name: string, factory: SshServerFactory, more: (current: CurrentHost) => void = () => undefined): void {
  describe(`remote host: ${name}`, { timeout: 60_000 }, () => {
    let host: HostUnderTest | undefined

    beforeEach(async () => {
      host = await openHostUnderTest(factory)
    }, 60_000)

    afterEach(async () => {
      await host?.[Symbol.asyncDispose]()
      host = undefined
    }, 60_000)

    const current: CurrentHost = () => {
      if (!host) throw new Error('no test is running')
      return host
    }

    programCases(current)
    markCases(current)
    reachCases(current)
    sqlCases(current)
    followCases(current)
    rotationCases(current)
    more(current)
  })
}
