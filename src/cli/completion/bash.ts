/** The script for bash, from 3.2 on. */
import { offered, type Place, quoted, stepsOf, takingOptions } from './places.ts'

export const bash = (places: readonly Place[]): string => `# Completion of steward. Load it with: source <(steward completion bash)
_steward() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" place="" taken="" word index words="" options="" files=""
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
    if [[ "$current" == -* || ( -z "$words" && -z "$files" ) ]]; then words="$options"; fi
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
      return [`      ${patterns}) ${takes === 'file' ? 'files=1' : `words=${quoted(takes.join(' '))}`} ;;`]
    }),
  )

function wordsOf({ path, commands, words, options, files }: Place): string {
  const nouns = [...offered(commands).map(({ word }) => word), ...words].join(' ')
  return `      ${quoted(path)}) words=${quoted(nouns)} options=${quoted(options.map(({ long }) => long).join(' '))}${files ? ' files=1' : ''} ;;`
}
