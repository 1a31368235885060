/**
 * From the name in the URL of a server to the addresses that may be connected to. Whoever calls this connects to what it returns and to nothing else:
 * a name that leads elsewhere a moment later (DNS rebinding) is judged anew with each connection.
 */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { type Allowance, type Unreachable, whyUnreachable } from '../../domain/outbound/reach.ts'

export type Address = Readonly<{ address: string; family: 4 | 6 }>

/** @throws AddressForbidden when no address of the name may be connected to; the resolver's own error when there is none. */
export type ResolveOutbound = (hostname: string) => Promise<readonly Address[]>

export class AddressForbidden extends Error {
  override readonly name = 'AddressForbidden'
  readonly rule: Unreachable['rule']
  constructor({ rule, says }: Unreachable) {
    super(says)
    this.rule = rule
  }
}

export type ResolveOutboundOptions = Readonly<{
  /** What is allowed beside the internet. */
  allowed: readonly Allowance[]
  /** Default: as the system resolves names. */
  addressesOf?: (hostname: string) => Promise<readonly string[]>
}>

export function createResolveOutbound({ allowed, addressesOf = bySystem }: ResolveOutboundOptions): ResolveOutbound {
  return async (hostname) => {
    const addresses = isIP(hostname) === 0 ? await addressesOf(hostname) : [hostname]
    let why: Unreachable | undefined
    const open = addresses.filter((address) => {
      const refused = whyUnreachable(hostname, address, allowed)
      why ??= refused
      return refused === undefined
    })
    if (open.length === 0 && why !== undefined) throw new AddressForbidden(why)
    return open.map((address) => ({ address, family: isIP(address) === 6 ? 6 : 4 }))
  }
}

const bySystem = async (hostname: string): Promise<readonly string[]> =>
  (await lookup(hostname, { all: true, verbatim: true })).map(({ address }) => address)
