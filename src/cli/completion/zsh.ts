/** The script for zsh: a file `_steward` in a directory of $fpath, or read by `source`. `path` is zsh's own there, so it is called place. */
import {
  type NamedKind,
  namedKinds,
  type OptionCandidate,
  offered,
  type Place,
  printNames,
  quoted,
  SAFE_NAME,
  stepsOf,
  takingOptions,
} from './places.ts'

export const zsh = (places: readonly Place[]): string => `#compdef steward
# Completion of steward. Load it with: source <(steward completion zsh)
_steward() {
  local place='' taken='' names='' word
  local -a verbs options choices
  local -i index files=0
  for ((index = 2; index < CURRENT; index++)); do
    word=\${words[index]}
    if [[ -n $taken ]]; then
      taken=''
      continue
    fi
    case $word in
      (${takingOptions(places).join('|')}) taken=1 ;;
      (-*) ;;
      (*)
        case "$place $word" in
${stepsOf(places)
  .map(({ from, word, to }) => `          (${quoted(`${from} ${word}`)}) place=${quoted(to)} ;;`)
  .join('\n')}
        esac
        ;;
    esac
  done
  if [[ -n $taken ]]; then
    case "$place \${words[CURRENT-1]}" in
${places.flatMap(({ path, options }) => options.flatMap((option) => choicesOf(path, option))).join('\n')}
    esac
  else
    case $place in
${places.map(placeOf).join('\n')}
    esac
    # Options are many: they are offered to whoever begins one, and where nothing else can stand.
    if [[ \${words[CURRENT]} == -* ]] || [[ -z $names ]] && (( \${#verbs} + \${#choices} + files == 0 )); then
      _describe -t options option options
      return
    fi
  fi
  case $names in
${namedKinds.map((kind) => `    (${kind}) choices=(\${(f)"$(${printNames(kind)} | grep -E ${quoted(SAFE_NAME)})"}) ;;`).join('\n')}
  esac
  if (( files )); then
    _files
    return
  fi
  (( \${#verbs} )) && _describe -t commands command verbs
  (( \${#choices} )) && compadd -- $choices
}
# Called when zsh has loaded this file to complete with it; otherwise somebody has sourced it.
if [[ \${funcstack[1]} == _steward ]]; then _steward "$@"; else compdef _steward steward; fi
`

function choicesOf(path: string, { long, short, takes }: OptionCandidate): readonly string[] {
  if (takes === 'nothing' || takes === 'text') return []
  const patterns = [long, ...(short === undefined ? [] : [short])].map((name) => quoted(`${path} ${name}`)).join('|')
  return [`      (${patterns}) ${effectOf(takes)} ;;`]
}

function effectOf(takes: 'file' | NamedKind | readonly string[]): string {
  if (takes === 'file') return 'files=1'
  return typeof takes === 'string' ? `names=${takes}` : `choices=(${takes.map(quoted).join(' ')})`
}

function placeOf({ path, commands, words, options, files, names }: Place): string {
  const described = (all: readonly Readonly<{ word: string; help: string }>[]): string =>
    all.map(({ word, help }) => quoted(`${word.replaceAll(':', '\\:')}:${help}`)).join(' ')
  return [
    `      (${quoted(path)})`,
    `        verbs=(${described(offered(commands))})`,
    `        choices=(${words.map(quoted).join(' ')})`,
    `        options=(${described(options.map(({ long, help }) => ({ word: long, help })))})`,
    `        names=${names ?? "''"} files=${files ? 1 : 0} ;;`,
  ].join('\n')
}
