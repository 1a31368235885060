# $1 = state directory, then fives: <sha256> <path> <mode> <uid> <gid>. Puts the kept content back into each file that differs from it.
# A file keeps the mode, owner and attributes that it has; a missing one gets the recorded ones. Links are followed: the file behind changes.
# All contents are checked before the first file is touched. Exit 4: a kept content is missing or harmed, nothing was changed.
state=$1
shift || exit 2
umask 077

# The loop below runs twice over the same arguments: once to check, once to write.
check() {
  while [ "$#" -ge 5 ]; do
    [ "$(sha256sum < "$state/contents/$1" 2>/dev/null | cut -c 1-64)" = "$1" ] || { echo "the kept content $1 of $2 is missing or harmed" >&2; exit 4; }
    shift 5
  done
}

put() {
  kept=$state/contents/$1
  path=$(readlink -m -- "$2")
  cmp -s -- "$kept" "$path" && return 0
  # A leading dot keeps the copy out of `include dir/*`.
  new=$(mktemp -- "$(dirname -- "$path")/.steward.XXXXXXXX") || return 1
  if [ -e "$path" ]; then
    [ -f "$path" ] || { rm -f -- "$new"; echo "$path is not a regular file" >&2; return 1; }
    cp -a -T -- "$path" "$new" && cat -- "$kept" > "$new"
  else
    cat -- "$kept" > "$new" && chmod "$3" -- "$new" && own "$4:$5" "$new"
  fi && sync -- "$new" && replace "$new" "$path" && return 0
  rm -f -- "$new"
  return 1
}

own() { [ "$(stat -c %u:%g -- "$2")" = "$1" ] || chown "$1" -- "$2"; }

# A file with several names, or one that is a mount point of its own, must keep its inode.
replace() {
  if [ -e "$2" ] && [ "$(stat -c %h -- "$2")" -gt 1 ]; then cat -- "$1" > "$2" && sync -- "$2" && rm -f -- "$1"; return; fi
  mv -f -T -- "$1" "$2" 2>/dev/null || { cat -- "$1" > "$2" && sync -- "$2" && rm -f -- "$1"; }
}

check "$@"
while [ "$#" -ge 5 ]; do
  put "$@" || exit 1
  shift 5
done
