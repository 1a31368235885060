/** SHA-256 as 64 lower-case hexadecimal digits. */
export interface Hash {
  sha256(text: string): string
}
