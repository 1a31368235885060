/**
 * Addresses and networks as numbers. An address that only wraps an IPv4 address (mapped, or translated by NAT64) is that IPv4 address: it is where
 * a connection would end.
 */

export type Ip = Readonly<{ family: 4 | 6; value: bigint }>
export type Network = Ip & Readonly<{ prefix: number }>

const BITS = { 4: 32, 6: 128 } as const

/** As a resolver or a URL writes it, without brackets; a zone at its end does not matter. */
export function parseIp(text: string): Ip | undefined {
  const [address = ''] = text.split('%', 1)
  return parseIp4(address) ?? parseIp6(address)
}

/** `10.2.0.0/16`, or a single address. @returns undefined also when bits behind the prefix are set: it would be unclear what was meant. */
export function parseNetwork(text: string): Network | undefined {
  const [address = '', length, ...rest] = text.split('/')
  const ip = parseIp(address)
  if (ip === undefined || rest.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length))) return undefined
  const bits = BITS[ip.family]
  const prefix = length === undefined ? bits : Number(length)
  if (prefix > bits || BigInt.asUintN(bits - prefix, ip.value) !== 0n) return undefined
  return { ...ip, prefix }
}

export function contains({ family, value, prefix }: Network, ip: Ip): boolean {
  const rest = BigInt(BITS[family] - prefix)
  return ip.family === family && ip.value >> rest === value >> rest
}

function parseIp4(text: string): Ip | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number)
  if (parts === undefined || parts.some((part) => part > 255)) return undefined
  return { family: 4, value: parts.reduce((value, part) => value * 256n + BigInt(part), 0n) }
}

/** Whatever stands for an IPv4 address. */
const WRAPPED = [0xffffn << 32n, 0x64_ff9bn << 96n]

function parseIp6(text: string): Ip | undefined {
  // The parser of URLs knows every way to write one, and writes it in one way.
  const canonical = /^[\da-fA-F:.]+$/.test(text) ? URL.parse(`http://[${text}]/`)?.hostname.slice(1, -1) : undefined
  if (canonical === undefined) return undefined
  const [head = '', tail] = canonical.split('::')
  const before = groupsOf(head)
  const after = groupsOf(tail ?? '')
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0n)
  const value = [...before, ...zeros, ...after].reduce((sum, group) => (sum << 16n) + group, 0n)
  return WRAPPED.some((prefix) => value >> 32n === prefix >> 32n) ? { family: 4, value: BigInt.asUintN(32, value) } : { family: 6, value }
}

const groupsOf = (text: string): bigint[] => (text === '' ? [] : text.split(':').map((group) => BigInt(`0x${group}`)))
