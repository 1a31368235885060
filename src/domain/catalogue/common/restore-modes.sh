# $1 = root, then fours from the top down: <path> <mode> <uid> <gid>. Gives each exactly the recorded mode and owner; touches only what differs.
# Never through a link: each must lie just below the root as its path says, for whoever owns a directory on the way may exchange it for a link to
# another place. A file with several names is refused, one of them may lie elsewhere. Exit 1: refused or not allowed; says which.
fail() { echo "$1: $2" >&2; exit 1; }
root=$1
shift || exit 2
top=$(readlink -e -- "$root") || fail "$root" 'is not there'

while [ "$#" -ge 4 ]; do
  path=$1 mode=$2 uid=$3 gid=$4
  shift 4
  mode=$(printf '%o' "0$mode")
  [ ! -L "$path" ] || fail "$path" 'is a link'
  real=$top${path#"$root"}
  [ "$(readlink -e -- "$path")" = "$real" ] || fail "$path" 'leads elsewhere, or is not there'
  [ -f "$path" ] || [ -d "$path" ] || fail "$path" 'is not there, or is neither a file nor a directory'
  if [ "$(stat -c '%a %u %g' -- "$path")" = "$mode $uid $gid" ]; then continue; fi
  held=$path
  # Root holds the very inode that it checked. Any other account can only change what it owns, and may be unable to open it.
  if [ "$(id -u)" = 0 ]; then
    exec 3< "$path"
    held=/proc/self/fd/3
    [ "$(readlink "$held")" = "$real" ] || fail "$path" 'was exchanged'
  fi
  if [ ! -d "$path" ] && [ "$(stat -L -c %h -- "$held")" -ne 1 ]; then fail "$path" 'has several names'; fi
  # Owner first: changing it clears the set-id bits.
  if [ "$(stat -L -c '%u %g' -- "$held")" != "$uid $gid" ]; then chown "$uid:$gid" "$held" || fail "$path" 'owner not changed'; fi
  chmod "$mode" "$held" || fail "$path" 'mode not changed'
  [ "$(stat -L -c '%a %u %g' -- "$held")" = "$mode $uid $gid" ] || fail "$path" 'is not as recorded'
done
