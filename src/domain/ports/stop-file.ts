/** The way to stop all healing when nothing else answers: a file that an operator creates. */
export interface StopFile {
  /** Where it lies, when it is there; undefined when it is not. */
  present(): Promise<string | undefined>
}
