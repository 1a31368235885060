# $1 = state directory, $2 = execution id. Puts every item of the snapshot back: bytes, mode, owner, times, attributes, link target; a file that
# was missing is removed. Items already as they were are not touched, so doing it twice, or after half, ends the same.
# Each is put where it really lay: whoever owns a directory on the way may have exchanged it for a link to another place, and is refused.
# Exit 4: no complete snapshot. Exit 1: an item could not be put back; the others were.
state=$1
top=$state/snapshots/$2
case $2 in '' | .* | */*) exit 2 ;; esac
[ -e "$top/complete" ] || { echo 'no complete snapshot' >&2; exit 4; }
umask 077
failed=0

# $1 = copy, $2 = name, $3 = mode, $4 = owner, here and below.
same_file() {
  [ -f "$2" ] && [ ! -L "$2" ] && cmp -s -- "$1" "$2" && [ "$(stat -c '%a %u:%g' -- "$2")" = "$3 $4" ]
}

restore_file() {
  same_file "$@" && return 0
  if [ -f "$2" ] && [ ! -L "$2" ]; then
    # A file with several names must keep its inode; and only root can give a file away, so for anybody else a copy would change its owner.
    if [ "$(stat -c %h -- "$2")" -gt 1 ] || [ "$(stat -c %u:%g -- "$1")" != "$4" ]; then write_in_place "$@"; return; fi
  fi
  # A leading dot keeps the copy out of `include dir/*`. Never written through a name that somebody else has put there.
  new=$(mktemp -- ./.steward.XXXXXXXX) || return 1
  if cp -a -T --remove-destination -- "$1" "$new" && sync -- "$new" && mv -f -T -- "$new" "$2" 2>/dev/null; then :; else
    rm -f -- "$new"
    write_in_place "$@" || return 1
  fi
  same_file "$@"
}

# Into the very inode that lies in this directory under this name; also for one that is a mount point of its own.
write_in_place() {
  {
    [ "$(readlink /proc/self/fd/3)" = "${place%/}/${2#./}" ] && cat -- "$1" > /proc/self/fd/3
  } 3< "$2" || return 1
  # Only its owner can set the time of a file.
  touch -h -r "$1" -- "$2" 2>/dev/null
  restore_mode "$2" "$3" "$4" && sync -- "$2"
}

restore_mode() {
  [ ! -L "$1" ] || return 1
  held=$1
  # Root holds the very inode that it checked; any other account can only change what it owns.
  if [ "$(id -u)" = 0 ]; then
    exec 3< "$1" || return 1
    held=/proc/self/fd/3
    [ "$(readlink "$held")" = "${place%/}/${1#./}" ] || return 1
  fi
  [ "$(stat -L -c %u:%g -- "$held")" = "$3" ] || chown "$3" -- "$held" || return 1
  [ "$(stat -L -c %a -- "$held")" = "$2" ] || chmod "$2" -- "$held"
}

restore_link() {
  [ -L "$2" ] && [ "$(readlink -- "$1")" = "$(readlink -- "$2")" ] && return 0
  new=$(mktemp -- ./.steward.XXXXXXXX) && cp -a -T --remove-destination -- "$1" "$new" && mv -f -T -- "$new" "$2"
}

# What lies in the directory that we stand in is there, wherever its name leads by now.
enter() { cd -P -- "$place" && [ "$(pwd -P)" = "$place" ]; }

remove() {
  [ -e "$1" ] || [ -L "$1" ] || return 0
  [ ! -d "$1" ] && rm -f -- "$1"
}

# Directories first and from the top: what is below may only be reachable once they are as they were.
for phase in directory rest; do
  n=1
  while [ -d "$top/$n" ]; do
    item=$top/$n
    n=$((n + 1))
    # The x keeps newlines at the end of a name.
    path=$(cat -- "$item/path" && echo x)
    path=${path%x}
    place=$(cat -- "$item/place" && echo x)
    place=${place%x}
    name=./${path##*/}
    kind=$(cat -- "$item/kind")
    case $phase:$kind in
      directory:directory) enter && read -r mode owner < "$item/mode" && [ -d "$name" ] && restore_mode "$name" "$mode" "$owner" ;;
      rest:mode) enter && read -r mode owner < "$item/mode" && [ -f "$name" ] && restore_mode "$name" "$mode" "$owner" ;;
      rest:file) enter && read -r mode owner < "$item/mode" && restore_file "$item/copy" "$name" "$mode" "$owner" ;;
      rest:link) enter && restore_link "$item/copy" "$name" ;;
      rest:missing) [ ! -d "$place" ] || { enter && remove "$name"; } ;;
      *) continue ;;
    esac || { echo "could not restore $path" >&2; failed=1; }
  done
done
exit "$failed"
