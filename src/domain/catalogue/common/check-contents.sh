# $1 = state directory, then pairs: <sha256> <path>. Permits (exit 0) when every content is kept unharmed and at least one file differs from it.
# Exit 1: no file differs. Exit 4: a kept content is missing or harmed.
state=$1
shift || exit 2
differs=no
while [ "$#" -ge 2 ]; do
  kept=$state/contents/$1
  if [ "$(sha256sum < "$kept" 2>/dev/null | cut -c 1-64)" != "$1" ]; then
    echo "the kept content $1 of $2 is missing or harmed" >&2
    exit 4
  fi
  cmp -s -- "$kept" "$2" || differs=yes
  shift 2
done
[ "$differs" = yes ] || { echo 'every file already is as recorded' >&2; exit 1; }
