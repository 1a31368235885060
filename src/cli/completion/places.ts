/** The tree of commands as a completion needs it: for each place in it, what may stand there next. */
import type { Argument, Command, Option } from 'commander'

/** What may stand behind the words of `path`: `''` for the program itself, 'host add' for a verb. */
export type Place = Readonly<{
  path: string
  commands: readonly Candidate[]
  options: readonly OptionCandidate[]
  /** What the next argument may be. */
  words: readonly string[]
  /** The next argument is a file or a directory. */
  files: boolean
  /** The next argument is the name of one of these. */
  names: NamedKind | undefined
}>

/** Whose names only a running Steward knows. */
export const namedKinds = ['server', 'tool'] as const
export type NamedKind = (typeof namedKinds)[number]

/**
 * Prints them one on each line, and nothing when Steward does not answer. What a server calls its tools is text from outside, and shells expand the
 * words they complete: a name that is more than letters, digits and marks is left to be typed.
 */
export const printNames = (kind: NamedKind): string => `steward ${kind} list --all --names 2>/dev/null`
export const SAFE_NAME = '^[A-Za-z0-9_./-]+$'

export type Candidate = Readonly<{ word: string; aliases: readonly string[]; help: string }>

export type OptionCandidate = Readonly<{
  long: string
  short: string | undefined
  help: string
  /** Or the name of a thing, or one of these words. */
  takes: 'nothing' | 'text' | 'file' | NamedKind | readonly string[]
}>

export function placesOf(command: Command, path: readonly string[] = []): readonly Place[] {
  const help = command.createHelp()
  const inner = help.visibleCommands(command).filter((each) => each.name() !== 'help')
  const place: Place = {
    path: path.join(' '),
    commands: inner.map((each) => ({ word: each.name(), aliases: each.aliases(), help: each.summary() || each.description() })),
    options: [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)].flatMap(candidateOf),
    words: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
    files: command.registeredArguments.some(isFile),
    names: namedKinds.find((kind) => command.registeredArguments.some((argument) => argument.name() === kind)),
  }
  return [place, ...inner.flatMap((each) => placesOf(each, [...path, each.name()]))]
}

function candidateOf({ long, short, description, argChoices, required, optional, flags }: Option): readonly OptionCandidate[] {
  if (!long) return []
  const named = namedKinds.find((kind) => flags.includes(`<${kind}>`))
  const takes = argChoices ?? named ?? (FILE.test(flags) ? 'file' : required || optional ? 'text' : 'nothing')
  return [{ long, short: short ?? undefined, help: description, takes }]
}

const FILE = /<(?:file|dir|directory)>/
const isFile = (argument: Argument): boolean => /^(?:file|dir|directory)$/.test(argument.name())

/** Commands and their other names, each with its help. */
export const offered = (commands: readonly Candidate[]): readonly Readonly<{ word: string; help: string }>[] =>
  commands.flatMap(({ word, aliases, help }) => [{ word, help }, ...aliases.map((alias) => ({ word: alias, help: `${help} (${word})` }))])

/** Each word that leads on, with the place that it leads from and to. An alias leads where its command does. */
export const stepsOf = (places: readonly Place[]): readonly Readonly<{ from: string; word: string; to: string }>[] =>
  places.flatMap(({ path, commands }) =>
    commands.flatMap(({ word, aliases }) => [word, ...aliases].map((each) => ({ from: path, word: each, to: `${path} ${word}`.trim() }))),
  )

/**
 * Options behind which a word is theirs, and no step in the tree. One that takes a word in one place and none in another is left out: a word taken for
 * a step at worst completes too little.
 */
export function takingOptions(places: readonly Place[]): readonly string[] {
  const all = places.flatMap(({ options }) => options)
  const namesOf = ({ long, short }: OptionCandidate): readonly string[] => [long, ...(short === undefined ? [] : [short])]
  const bare = new Set(all.filter(({ takes }) => takes === 'nothing').flatMap(namesOf))
  return [...new Set(all.filter(({ takes }) => takes !== 'nothing').flatMap(namesOf))].filter((name) => !bare.has(name))
}

/** In single quotes, as bash, zsh and sh read them. */
export const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
