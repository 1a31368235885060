# $1 = beside | in-place, then threes: <path> <uid of a file that is missing now> <sha256, or ->. Proves that this account cannot put another content
# into a file and leave it to its owner. It takes a copy beside the file, which only root or the owner of the file can make; or, where `in-place`
# will do, the file itself. A file that already has the sha256 needs nothing.
# Exit 1: it cannot; says which. Exit 3: one of them cannot even be seen, so nothing is known.
how=$1
shift || exit 2
me=$(id -u)
denied=

while [ "$#" -ge 3 ]; do
  path=$(readlink -m -- "$1")
  place=$(dirname -- "$path")
  owner=$2
  beside=no itself=no
  [ -x "$place" ] || exit 3
  if [ -e "$path" ]; then
    owner=$(stat -c %u -- "$path") || exit 3
    [ ! -w "$path" ] || itself=yes
  fi
  [ ! -w "$place" ] || beside=yes
  if [ "$3" != - ] && [ "$(sha256sum < "$path" 2>/dev/null | cut -c 1-64)" = "$3" ]; then :
  elif [ "$beside" = yes ] && { [ "$me" = 0 ] || [ "$me" = "$owner" ] || [ "$itself" = yes ]; }; then :
  elif [ "$how" = in-place ] && [ "$itself" = yes ]; then :
  else denied="$denied $path"
  fi
  shift 3
done
[ -z "$denied" ] || { echo "cannot write$denied" >&2; exit 1; }
