# $1... = fours: <path> <mode> <uid> <gid>. Proves that this account cannot give each its recorded mode and owner: a mode is changed by the owner, an
# owner only by root. Exit 1: it cannot; says which. Exit 3: one of them cannot be seen, so nothing is known.
me=$(id -u)
[ "$me" != 0 ] || exit 0
denied=

while [ "$#" -ge 4 ]; do
  owner=$(stat -c %u:%g -- "$1" 2>/dev/null) || exit 3
  [ "$owner" = "$3:$4" ] && [ "$me" = "$3" ] || denied="$denied $1"
  shift 4
done
[ -z "$denied" ] || { echo "cannot change$denied" >&2; exit 1; }
