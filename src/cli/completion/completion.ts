/**
 * Completion for shells, made from the tree of commands: nouns, verbs, options, and the words that an argument or option may be. Of these the script
 * knows all itself; only where the name of a server or tool is wanted, it asks a running Steward, and goes without when none answers.
 */
import type { Command } from 'commander'
import { bash } from './bash.ts'
import { fish } from './fish.ts'
import { placesOf } from './places.ts'
import { zsh } from './zsh.ts'

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

const scripts = { bash, zsh, fish } as const

export const completionScript = (program: Command, shell: Shell): string => scripts[shell](placesOf(program))
