/** The script for fish, from 3.0 on: a line per candidate, each for one place in the tree. */
import { type NamedKind, type OptionCandidate, offered, type Place, printNames, SAFE_NAME, stepsOf, takingOptions } from './places.ts'

export const fish = (places: readonly Place[]): string => `# Completion of steward. Load it with: steward completion fish | source
function __steward_place
    set -l place ''
    set -l taken 0
    for word in (commandline -opc)[2..-1]
        if test $taken = 1
            set taken 0
            continue
        end
        switch $word
            case ${takingOptions(places).join(' ')}
                set taken 1
            case '-*'
            case '*'
                switch "$place $word"
${stepsOf(places)
  .map(({ from, word, to }) => `                    case ${quoted(`${from} ${word}`)}\n                        set place ${quoted(to)}`)
  .join('\n')}
                end
        end
    end
    echo $place
end
complete -c steward -f
${places.flatMap(linesOf).join('\n')}
`

const namesFrom = (kind: NamedKind): string => quoted(`(${printNames(kind)} | string match -r ${quoted(SAFE_NAME)})`)

function linesOf({ path, commands, words, options, files, names }: Place): readonly string[] {
  const here = `complete -c steward -n ${quoted(`test (__steward_place) = ${quoted(path)}`)}`
  return [
    ...offered(commands).map(({ word, help }) => `${here} -a ${quoted(word)} -d ${quoted(help)}`),
    ...words.map((word) => `${here} -a ${quoted(word)}`),
    ...options.map((option) => `${here}${optionOf(option)}`),
    ...(files ? [`${here} -F`] : []),
    ...(names === undefined ? [] : [`${here} -a ${namesFrom(names)}`]),
  ]
}

function optionOf({ long, short, help, takes }: OptionCandidate): string {
  const names = `${short === undefined ? '' : ` -s ${short.slice(1)}`} -l ${long.slice(2)}`
  if (takes === 'nothing') return `${names} -d ${quoted(help)}`
  if (takes === 'file') return `${names} -r -F -d ${quoted(help)}`
  return `${names} -x${choicesOf(takes)} -d ${quoted(help)}`
}

function choicesOf(takes: 'text' | NamedKind | readonly string[]): string {
  if (takes === 'text') return ''
  return ` -a ${typeof takes === 'string' ? namesFrom(takes) : quoted(takes.join(' '))}`
}

/** fish knows `\\'` and `\\\\` within single quotes, and nothing else. */
const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`
