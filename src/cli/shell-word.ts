/** A word as it is typed into a shell: in quotes where it needs them. What is printed as a command has to work when it is copied. */
export const shellWord = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)

export const shellLine = (words: readonly string[]): string => words.map(shellWord).join(' ')
