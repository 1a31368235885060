/**
 * A login to a service behind a host. It is opened once, before any mark is made, and stays open: so a service that accepts nobody any more can
 * still be asked. Statements run one after the other.
 */
import type { Output, Program } from '../../domain/catalogue/program.ts'

export type ServiceProgram = Extract<Program, { kind: 'sql' | 'redis' }>

export interface ServiceSession {
  /**
   * @throws ServiceRefused @throws RemoteTimeout @throws RemoteOutcomeUnknown
   */
  execute(program: ServiceProgram, options: { timeoutMs: number; signal?: AbortSignal | undefined }): Promise<Output>
  /** Whether it still answers. Asked before a statement when nobody used it for a while: a login may die without a word. */
  isAlive(signal: AbortSignal): Promise<boolean>
  /** Aborts when the login is gone, whoever ended it. */
  readonly ended: AbortSignal
  close(): Promise<void>
}
