/**
 * Where connections to servers may go. The internet is open; whatever lies inside (this machine, private networks, the link) only where the
 * operator has said so in the configuration of Steward, because whoever registers a server must not reach with it what he could not reach himself.
 * The addresses at which clouds hand out credentials stay closed whatever is configured.
 */
import { contains, type Ip, type Network, parseIp, parseNetwork } from './ip.ts'

/** The operator's word: these addresses may be connected to, by servers of this name or of any. */
export type Allowance = Readonly<{ host: string | undefined; network: Network }>

export type Unreachable = Readonly<{ rule: 'metadata-address' | 'address-not-allowed'; says: string }>

/** `10.2.0.0/16`, or `docs.internal=10.2.3.4` for servers of one name only. */
export function parseAllowance(text: string): Allowance | undefined {
  const [left = '', right, ...rest] = text.split('=')
  const network = parseNetwork((right ?? left).trim())
  if (network === undefined || rest.length > 0) return undefined
  if (right === undefined) return { host: undefined, network }
  const host = left.trim()
  return HOST.test(host) || parseIp(host) !== undefined ? { host: plainHost(host), network } : undefined
}

/** @param host the name in the URL of the server. @returns undefined: it may be connected to. */
export function whyUnreachable(host: string, address: string, allowed: readonly Allowance[]): Unreachable | undefined {
  const ip = parseIp(address)
  if (ip === undefined) return { rule: 'address-not-allowed', says: `${host} leads to what is no address` }
  const place = host === address ? host : `${host} leads to ${address}, which`
  if (METADATA.some((network) => contains(network, ip))) {
    return { rule: 'metadata-address', says: `${place} is where clouds hand out credentials: no server may be there` }
  }
  const kind = kindOf(ip)
  if (kind === undefined) return undefined
  const name = plainHost(host)
  if (allowed.some((each) => (each.host === undefined || each.host === name) && contains(each.network, ip))) return undefined
  const says = `${place} is ${kind}; an operator can allow it with STEWARD_SERVER_NETWORKS=${name}=${address}`
  return { rule: 'address-not-allowed', says }
}

const HOST = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\.?$/
const plainHost = (host: string): string => host.toLowerCase().replace(/\.$/, '')

function kindOf(ip: Ip): string | undefined {
  const found = INSIDE.find(([network]) => contains(network, ip))
  if (found !== undefined) return found[1]
  return ip.family === 6 && !contains(GLOBAL_6, ip) ? 'an address that is reserved' : undefined
}

function known(text: string): Network {
  const network = parseNetwork(text)
  if (network === undefined) throw new TypeError(`${text} is no network`)
  return network
}

/** AWS, Azure, Google and others; Alibaba; Azure's wire server; Oracle's older address; AWS over IPv6. */
const METADATA = [
  '169.254.169.254',
  '169.254.170.2',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  'fd00:ec2::/32',
  'fd20:ce::254',
].map(known)

const MACHINE = 'an address of this machine'
const PRIVATE = 'an address of a private network'
const LINK = 'an address of the local link'
const RESERVED = 'an address that is reserved'

/** From the registries of special-purpose addresses (IANA, RFC 6890), the narrower first. Of IPv6 only 2000::/3 is given out at all. */
const INSIDE = (
  [
    ['127.0.0.0/8', MACHINE],
    ['0.0.0.0/8', MACHINE],
    ['10.0.0.0/8', PRIVATE],
    ['172.16.0.0/12', PRIVATE],
    ['192.168.0.0/16', PRIVATE],
    ['100.64.0.0/10', PRIVATE],
    ['169.254.0.0/16', LINK],
    ['192.0.0.0/24', RESERVED],
    ['192.0.2.0/24', RESERVED],
    ['192.88.99.0/24', RESERVED],
    ['198.18.0.0/15', RESERVED],
    ['198.51.100.0/24', RESERVED],
    ['203.0.113.0/24', RESERVED],
    ['224.0.0.0/4', RESERVED],
    ['240.0.0.0/4', RESERVED],
    ['::1', MACHINE],
    ['::', MACHINE],
    ['fc00::/7', PRIVATE],
    ['fe80::/10', LINK],
    // Tunnels and documentation within what is given out: the first two carry another address inside.
    ['2002::/16', RESERVED],
    ['2001::/23', RESERVED],
    ['2001:db8::/32', RESERVED],
    ['3fff::/20', RESERVED],
  ] as const
).map(([network, kind]) => [known(network), kind] as const)

const GLOBAL_6 = known('2000::/3')
