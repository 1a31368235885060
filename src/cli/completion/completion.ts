/**
 * Completion for shells, made from the tree of commands: nouns, verbs, options, and the words that an argument or option may be. The script is static,
 * so completing never waits for Steward.
 */
import type { Command } from 'commander'

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

type Candidate = Readonly<{ word: string; help: string }>
/** What may stand behind these words: `''` for the program itself, 'host add' for a verb. */
type Place = Readonly<{
  path: string
  commands: readonly Candidate[]
  options: readonly Candidate[]
  values: readonly Value[]
  words: readonly string[]
}>
type Value = Readonly<{ option: string; words: readonly string[] }>

export function completionScript(program: Command, shell: Shell): string {
  const places = placesOf(program)
  switch (shell) {
    case 'bash':
      return bash(places)
    case 'zsh':
      // zsh reads bash's way of completing; descriptions are worth less than one script that is right.
      return `#compdef steward\nautoload -U +X bashcompinit && bashcompinit\n${bash(places)}`
    case 'fish':
      return fish(places)
  }
}

function placesOf(command: Command, path: readonly string[] = []): Place[] {
  const help = command.createHelp()
  const inner = help.visibleCommands(command).filter((each) => each.name() !== 'help')
  const options = [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)]
  const place: Place = {
    path: path.join(' '),
    commands: inner.map((each) => ({ word: each.name(), help: each.summary() || each.description() })),
    options: options.flatMap(({ long, description }) => (long ? [{ word: long, help: description }] : [])),
    values: options.flatMap(({ long, argChoices }) => (long && argChoices ? [{ option: long, words: argChoices }] : [])),
    words: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  }
  return [place, ...inner.flatMap((each) => placesOf(each, [...path, each.name()]))]
}

const bash = (places: readonly Place[]): string => `# Completion of steward. Load it with: source <(steward completion bash)
_steward() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path="" word index words=""
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    case "$path $word" in
${cases(
  places.filter(({ path }) => path !== '').map(({ path }) => [` ${path}`, `path="\${path:+$path }$word"`] as const),
  { strip: true },
)}
    esac
  done
  case "$path $previous" in
${cases(places.flatMap(({ path, values }) => values.map(({ option, words }) => [`${path} ${option}`, `words=${quoted(words.join(' '))}`] as const)))}
  esac
  if [[ -z "$words" ]]; then
    case "$path" in
${cases(places.map(({ path, commands, options, words }) => [path, `words=${quoted([...commands.map(({ word }) => word), ...words, ...options.map(({ word }) => word)].join(' '))}`] as const))}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  # Nothing of ours fits: it may be a file.
  [[ \${#COMPREPLY[@]} -gt 0 ]] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -F _steward steward
`

/** ` host` at the top is written as `" host"`, for there the path is empty. */
function cases(pairs: readonly (readonly [string, string])[], { strip = false }: { strip?: boolean } = {}): string {
  return pairs
    .map(([pattern, action]) => `      ${quoted(strip && pattern.trim().includes(' ') ? pattern.trim() : pattern)}) ${action} ;;`)
    .join('\n')
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

function fish(places: readonly Place[]): string {
  const lines = ['# Completion of steward. Load it with: steward completion fish | source', 'complete -c steward -f']
  for (const { path, commands, options, values, words } of places) {
    const here = conditionOf(path, commands)
    for (const { word, help } of commands) lines.push(`complete -c steward -n ${quoted(here)} -a ${quoted(word)} -d ${quoted(help)}`)
    for (const word of words) lines.push(`complete -c steward -n ${quoted(here)} -a ${quoted(word)}`)
    for (const { word, help } of options) {
      const choices = values.find(({ option }) => option === word)
      const takes = choices === undefined ? '' : ` -x -a ${quoted(choices.words.join(' '))}`
      lines.push(`complete -c steward -n ${quoted(here)} -l ${word.slice(2)} -d ${quoted(help)}${takes}`)
    }
  }
  return `${lines.join('\n')}\n`
}

function conditionOf(path: string, commands: readonly Candidate[]): string {
  const seen = path
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => `__fish_seen_subcommand_from ${word}`)
  const none = commands.length === 0 ? [] : [`not __fish_seen_subcommand_from ${commands.map(({ word }) => word).join(' ')}`]
  return [...seen, ...none].join('; and ') || 'true'
}
