# $1 = most entries of all trees together; then pairs: `one <path>` (hashed) or `tree <path>` (itself and what is below, not hashed, same filesystem).
# Prints base64 of NUL-ended fields, so that no name can forge a record:
#   S type mode uid gid size mtime ctime link path | H "sha256  path" | X digest path | M path (missing) | U path (cannot be seen) | T path (cut at $1)
# Exit 2: called wrongly.
LC_ALL=C
export LC_ALL
limit=$1
shift || exit 2
format='S\0%y\0%m\0%U\0%G\0%s\0%T@\0%C@\0%l\0%p\0'

# Missing is a proof only when the nearest directory that exists lets us look.
absent() {
  parent=$(dirname -- "$1")
  while [ ! -e "$parent" ] && [ ! -L "$parent" ] && [ "$parent" != / ]; do parent=$(dirname -- "$parent"); done
  if [ -d "$parent" ] && [ ! -x "$parent" ]; then printf 'U\0%s\0' "$1"; else printf 'M\0%s\0' "$1"; fi
}

states() {
  while [ "$#" -ge 2 ]; do
    scope=$1
    path=$2
    shift 2
    if [ ! -e "$path" ] && [ ! -L "$path" ]; then
      absent "$path"
    elif [ "$scope" = tree ]; then
      entries=$(find "$path" -xdev -printf . 2>/dev/null | head -c "$((limit + 1))" | wc -c)
      if [ "$entries" -gt "$limit" ]; then
        printf 'T\0%s\0' "$path"
        entries=$limit
      fi
      # Ten fields an entry.
      find "$path" -xdev -printf "$format" 2>/dev/null | head -z -n "$((entries * 10))"
      limit=$((limit - entries))
    else
      find "$path" -maxdepth 0 -printf "$format" 2>/dev/null
      if [ -f "$path" ] && [ ! -L "$path" ] && [ -r "$path" ]; then
        printf 'H\0'
        sha256sum --zero -- "$path"
      fi
      if command -v getfattr >/dev/null 2>&1 && [ ! -L "$path" ]; then
        printf 'X\0%s\0%s\0' "$(getfattr -d -m - -e hex --absolute-names -- "$path" 2>/dev/null | grep -v '^# file: ' | sort | sha256sum | cut -c 1-64)" "$path"
      fi
    fi
  done
}

states "$@" | base64 -w 0
