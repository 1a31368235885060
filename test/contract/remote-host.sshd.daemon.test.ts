/** The contract, kept against Debian's sshd, and with it what needs another daemon. */
import { startSshd } from '../support/sshd.ts'
import { redisCases } from './remote-host/redis.ts'
import { describeRemoteHost } from './remote-host.ts'

describeRemoteHost('sshd', { start: (dir) => startSshd({ dir }) }, redisCases)
