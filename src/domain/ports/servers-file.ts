/** A file in which somebody keeps the servers as they should be. */
import type { ReadServers } from '../configuration/read-servers.ts'

/** `retireOthers`: what the file does not describe is to go. */
export type ReadServersFile = ReadServers & Readonly<{ retireOthers: boolean }>

export interface ServersFile {
  /** As it is now. A file that is not there, or cannot be read, is a problem of the whole, and describes nothing. */
  read(): Promise<ReadServersFile>
  /** Yields after each change, several at once counting as one; also when the file comes or goes. Ends with the signal. */
  changes(signal: AbortSignal): AsyncIterable<void>
}
