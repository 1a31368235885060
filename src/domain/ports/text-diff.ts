/** The difference between two versions of a text file, in the unified form that people read. */
export interface TextDiff {
  unified(path: string, before: string, after: string): string
}
