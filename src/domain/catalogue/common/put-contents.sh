# $1 = state directory, then fives: <sha256> <path> <mode> <uid> <gid>. Puts the kept content back into each file that differs from it.
# A file keeps the mode, owner and attributes that it has; a missing one gets the recorded ones. The path is where the file really lay when the plan
# was made: whoever owns a directory on the way may have exchanged it for a link since, or do so now, and nothing must go where that leads. So no link
# is followed; we work by plain names in the directory that we have entered, build the new file where only we can write, and never write through a name.
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

# What lies in the directory that we stand in is there, wherever its name leads by now.
enter() { cd -P -- "$place" && [ "$(pwd -P)" = "$place" ]; }

put() {
  kept=$state/contents/$1
  path=$2
  place=$(dirname -- "$path")
  name=./${path##*/}
  enter || { echo "$place leads elsewhere, or is not there" >&2; return 1; }
  [ ! -L "$name" ] || { echo "$path was exchanged for a link" >&2; return 1; }
  cmp -s -- "$kept" "$name" && return 0
  copy=$work/copy
  rm -rf -- "$copy"
  if [ -e "$name" ]; then
    cp -a -T -- "$name" "$copy" || return 1
    [ -f "$copy" ] && [ ! -L "$copy" ] || { echo "$path is not a regular file" >&2; return 1; }
    fill "$kept" "$copy" "$(stat -c %a -- "$copy")" || return 1
    # Only root can give a file away: for anybody else a copy would change its owner.
    if [ "$(stat -c %u:%g -- "$copy")" != "$(stat -c %u:%g -- "$name")" ]; then write_in_place "$copy" "$name"; else replace "$copy" "$name"; fi
  else
    fill "$kept" "$copy" "$3" && own "$4:$5" "$copy" && replace "$copy" "$name"
  fi && cmp -s -- "$kept" "$name"
}

# A copy that its owner may not write is written all the same.
fill() { : >> "$2" 2>/dev/null || chmod u+w -- "$2"; cat -- "$1" > "$2" && chmod "$3" -- "$2"; }

own() { [ "$(stat -c %u:%g -- "$2")" = "$1" ] || chown "$1" -- "$2"; }

# A file with several names, or one that is a mount point of its own, must keep its inode.
replace() {
  if [ -e "$2" ] && [ "$(stat -c %h -- "$2")" -gt 1 ]; then write_in_place "$@"; return; fi
  # A leading dot keeps the copy out of `include dir/*`. Never written through a name that somebody else has put there.
  if new=$(mktemp -- ./.steward.XXXXXXXX 2>/dev/null); then
    cp -a -T --remove-destination -- "$1" "$new" && sync -- "$new" && mv -f -T -- "$new" "$2" 2>/dev/null && return 0
    rm -f -- "$new"
  fi
  [ -e "$2" ] || { echo "nothing can be put into $place" >&2; return 1; }
  write_in_place "$@"
}

# Into the very inode that lies in this directory under this name.
write_in_place() {
  {
    [ "$(readlink /proc/self/fd/3)" = "${place%/}/${2#./}" ] || { echo "$2 in $place was exchanged" >&2; return 1; }
    cat -- "$1" > /proc/self/fd/3 && sync -- "$2"
  } 3< "$2"
}

check "$@"
work=$(mktemp -d -- "$state/.put.XXXXXXXX") || exit 3
trap 'rm -rf -- "$work"' EXIT
trap 'exit 1' HUP INT TERM
while [ "$#" -ge 5 ]; do
  put "$@" || { echo "$2 could not be put back" >&2; exit 1; }
  shift 5
done
