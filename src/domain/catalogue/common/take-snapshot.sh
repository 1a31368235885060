# $1 = state directory, $2 = execution id, $3... = paths. Copies each, with mode, owner, times and attributes, to <state>/snapshots/<id>/<n>/.
# `place` is the directory where each really lies. A link is kept as a link, and the file behind it as an item of its own. Of a directory, mode and owner are kept.
# Whole or not at all: `complete` is written last. Taken twice, the first one stands. Exit 4: a file changed while it was copied. Exit 5: cannot be read.
state=$1
id=$2
shift 2 || exit 2
case $id in '' | .* | */*) exit 2 ;; esac
umask 077
top=$state/snapshots/$id
[ -e "$top/complete" ] && exit 0
mkdir -p -- "$state/snapshots" && chmod 700 -- "$state" "$state/snapshots" || exit 3
# Without `complete` no step has run: what lies there is our own torn attempt.
rm -rf -- "$top" && mkdir -- "$top" || exit 3
n=0

keep() {
  n=$((n + 1))
  item=$top/$n
  mkdir -- "$item" && printf '%s' "$1" > "$item/path" && printf '%s' "$(readlink -m -- "$(dirname -- "$1")")" > "$item/place" || exit 3
  if [ -L "$1" ]; then
    echo link > "$item/kind" && cp -a -T -- "$1" "$item/copy" || exit 5
    keep "$(readlink -m -- "$1")"
  elif [ -d "$1" ]; then
    echo directory > "$item/kind" && stat -c '%a %u:%g' -- "$1" > "$item/mode" || exit 5
  elif [ -f "$1" ] && [ ! -r "$1" ]; then
    # Its owner without read permission: we cannot copy it, and no step of ours can change more than its mode.
    echo mode > "$item/kind" && stat -c '%a %u:%g' -- "$1" > "$item/mode" || exit 5
  elif [ -f "$1" ]; then
    # Its owner is written down: the copy has it only when we are root.
    echo file > "$item/kind" && stat -c '%a %u:%g' -- "$1" > "$item/mode" && cp -a -T -- "$1" "$item/copy" || exit 5
    cmp -s -- "$1" "$item/copy" || exit 4
  elif [ -e "$1" ]; then
    echo "$1 is neither a file nor a directory" >&2
    exit 5
  elif is_absent "$1"; then
    echo missing > "$item/kind"
  else
    echo "$1 cannot be seen" >&2
    exit 5
  fi
}

# A restore removes what was missing, so missing must be certain: the nearest directory that exists has to let us look.
is_absent() {
  parent=$(dirname -- "$1")
  while [ ! -e "$parent" ] && [ ! -L "$parent" ] && [ "$parent" != / ]; do parent=$(dirname -- "$parent"); done
  [ ! -d "$parent" ] || [ -x "$parent" ]
}

for path in "$@"; do keep "$path"; done
find "$top" -type f -exec sync -- {} + && sync -- "$top" && : > "$top/complete" && sync -- "$top/complete" "$top"
