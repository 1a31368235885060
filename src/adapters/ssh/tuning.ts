/** The limits of the adapter, in one place. */
export type Tuning = Readonly<{
  /** From the first packet to a completed login. */
  connectTimeoutMs: number
  /** Until the server has opened a channel. */
  channelTimeoutMs: number
  keepAliveIntervalMs: number
  /** A connection is dead after this many keep-alives without an answer. */
  keepAliveCountMax: number
  /** At once on one connection. OpenSSH refuses the eleventh session (MaxSessions 10). */
  maxChannels: number
  /** Of those, the most that followed files may hold: the rest is always there for programs. */
  maxFollowersPerConnection: number
  reconnectInitialMs: number
  reconnectMaxMs: number
  /** Between TERM and KILL when the time-out of a program has passed. */
  killGraceMs: number
  /** How long the answer may travel after the host must have ended the program. */
  answerGraceMs: number
  /** How often a followed file is looked at. */
  followPollMs: number
}>

export const defaultTuning: Tuning = {
  connectTimeoutMs: 10_000,
  channelTimeoutMs: 10_000,
  keepAliveIntervalMs: 5_000,
  keepAliveCountMax: 3,
  maxChannels: 8,
  maxFollowersPerConnection: 5,
  reconnectInitialMs: 250,
  reconnectMaxMs: 30_000,
  killGraceMs: 5_000,
  answerGraceMs: 10_000,
  followPollMs: 200,
}
