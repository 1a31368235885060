import { describe, expect, it } from 'vitest'
import { contains, parseIp, parseNetwork } from '../../../src/domain/outbound/ip.ts'
import { parseAllowance, whyUnreachable } from '../../../src/domain/outbound/reach.ts'

const allowances = (...texts: string[]) => texts.flatMap((text) => parseAllowance(text) ?? [])

describe('an address of a server', () => {
  it.each(['93.184.216.34', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:1.1.1.1', '64:ff9b::101:101'])(
    'may be %s, on the internet',
    (address) => {
      expect(whyUnreachable('mcp.example', address, [])).toBeUndefined()
    },
  )

  it.each([
    ['127.0.0.1', /this machine/],
    ['127.9.9.9', /this machine/],
    ['0.0.0.0', /this machine/],
    ['::1', /this machine/],
    ['::', /this machine/],
    ['10.0.0.1', /private network/],
    ['172.31.255.255', /private network/],
    ['192.168.1.1', /private network/],
    ['100.64.0.1', /private network/],
    ['fd12:3456::1', /private network/],
    ['169.254.1.1', /local link/],
    ['fe80::1', /local link/],
    ['fe80::1%eth0', /local link/],
    ['224.0.0.1', /reserved/],
    ['255.255.255.255', /reserved/],
    ['2002:7f00:1::', /reserved/],
    ['2001:0:4136:e378::1', /reserved/],
    ['ff02::1', /reserved/],
    ['fec0::1', /reserved/],
    ['::ffff:127.0.0.1', /this machine/],
    ['::ffff:a00:1', /private network/],
    ['64:ff9b::7f00:1', /this machine/],
    ['::127.0.0.1', /reserved/],
    ['no address', /no address/],
  ])('is not %s, which lies inside, however it is written', (address, says) => {
    expect(whyUnreachable('mcp.example', address, [])).toMatchObject({ rule: 'address-not-allowed', says: expect.stringMatching(says) })
  })

  it('may lie inside where the operator has said so: for any name, or for this one', () => {
    const allowed = allowances('10.2.0.0/16', 'Docs.Internal.=192.168.7.7', 'fd00:1::/64')
    expect(whyUnreachable('anybody', '10.2.3.4', allowed)).toBeUndefined()
    expect(whyUnreachable('anybody', '::ffff:10.2.3.4', allowed)).toBeUndefined()
    expect(whyUnreachable('anybody', 'fd00:1::9', allowed)).toBeUndefined()
    expect(whyUnreachable('docs.internal', '192.168.7.7', allowed)).toBeUndefined()
    // A name of somebody else that was turned to the same address.
    expect(whyUnreachable('evil.example', '192.168.7.7', allowed)?.rule).toBe('address-not-allowed')
    expect(whyUnreachable('docs.internal', '192.168.7.8', allowed)?.rule).toBe('address-not-allowed')
    expect(whyUnreachable('anybody', '10.3.0.1', allowed)?.rule).toBe('address-not-allowed')
  })

  it.each(['169.254.169.254', '::ffff:169.254.169.254', '100.100.100.200', '168.63.129.16', 'fd00:ec2::254'])(
    'is never %s, where clouds hand out credentials, whatever is allowed',
    (address) => {
      expect(whyUnreachable('x', address, allowances('0.0.0.0/0', '::/0'))).toMatchObject({ rule: 'metadata-address' })
    },
  )

  it('that is refused is named with the setting that would allow it', () => {
    expect(whyUnreachable('localhost', '127.0.0.1', [])?.says).toBe(
      'localhost leads to 127.0.0.1, which is an address of this machine; an operator can allow it with STEWARD_SERVER_NETWORKS=localhost=127.0.0.1',
    )
  })
})

describe('a network', () => {
  it.each(['10.0.0.0/33', '10.0.0.1/8', '::1/129', '10.0.0.0/8/8', '10.0.0/8', '', 'x=', '=10.0.0.0/8', 'a=b=10.0.0.0/8', 'a b=10.0.0.1'])(
    'is not %j',
    (text) => {
      expect(parseAllowance(text)).toBeUndefined()
    },
  )

  it('holds what begins with its prefix, of its own family only', () => {
    const [small, all4, all6] = ['10.2.0.0/16', '0.0.0.0/0', '::/0'].map((text) => parseNetwork(text))
    const [inside, outside, six] = ['10.2.255.255', '10.3.0.0', '2606:4700::1'].map((text) => parseIp(text))
    if (!small || !all4 || !all6 || !inside || !outside || !six) throw new TypeError('unparsed')
    expect([contains(small, inside), contains(small, outside), contains(all4, outside)]).toEqual([true, false, true])
    expect([contains(all4, six), contains(all6, six), contains(all6, inside)]).toEqual([false, true, false])
  })
})
