/** The script for bash, from 3.2 on. */
import { type NamedKind, namedKinds, offered, type Place, printNames, quoted, SAFE_NAME, stepsOf, takingOptions } from './places.ts'

export const bash = (places: readonly Place[]): string => `# Completion of steward. Load it with: source <(steward completion bash)
_steward() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" place="" taken="" word index words="" options="" files="" names=""
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    if [[ -n "$taken" ]]; then
      taken=""
      continue
    fi
    case "$word" in
      ${takingOptions(places).join('|')}) taken=1 ;;
      -*) ;;
      *)
        case "$place $word" in
${stepsOf(places)
  .map(({ from, word, to }) => `          ${quoted(`${from} ${word}`)}) place=${quoted(to)} ;;`)
  .join('\n')}
        esac
        ;;
    esac
  done
  if [[ -n "$taken" ]]; then
    case "$place $previous" in
${valuesOf(places).join('\n')}
      *) return ;;
    esac
  else
    case "$place" in
${places.map(wordsOf).join('\n')}
    esac
    # Options are many: they are offered to whoever begins one, and where nothing else can stand.
    if [[ "$current" == -* || ( -z "$words" && -z "$files" && -z "$names" ) ]]; then words="$options"; fi
  fi
  if [[ -n "$names" && "$current" != -* ]]; then
    case $names in
${namedKinds.map((kind) => `      ${kind}) words=$(${printNames(kind)} | grep -E ${quoted(SAFE_NAME)}) ;;`).join('\n')}
    esac
  fi
  if [[ -n "$files" && "$current" != -* ]]; then
    compopt -o filenames 2>/dev/null
    local IFS=$'\\n'
    COMPREPLY=($(compgen -f -- "$current"))
    return
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _steward steward
`

const valuesOf = (places: readonly Place[]): readonly string[] =>
  places.flatMap(({ path, options }) =>
    options.flatMap(({ long, short, takes }) => {
      if (takes === 'nothing' || takes === 'text') return []
      const patterns = [long, ...(short === undefined ? [] : [short])].map((name) => quoted(`${path} ${name}`)).join('|')
      return [`      ${patterns}) ${effectOf(takes)} ;;`]
    }),
  )

function effectOf(takes: 'file' | NamedKind | readonly string[]): string {
  if (takes === 'file') return 'files=1'
  return typeof takes === 'string' ? `names=${takes}` : `words=${quoted(takes.join(' '))}`
}

function wordsOf({ path, commands, words, options, files, names }: Place): string {
  const nouns = [...offered(commands).map(({ word }) => word), ...words].join(' ')
  return `      ${quoted(path)}) words=${quoted(nouns)} options=${quoted(options.map(({ long }) => long).join(' '))}${files ? ' files=1' : ''}${names === undefined ? '' : ` names=${names}`} ;;`
}
