/** The contract, kept against the practice host: the real protocol, in this process. */
import { startPracticeHost } from '../../src/adapters/ssh/practice-host.ts'
import { describeRemoteHost } from './remote-host.ts'

describeRemoteHost('practice host', { start: (dir) => startPracticeHost({ dir }) })
