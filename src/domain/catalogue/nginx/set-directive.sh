# $1 = print | write, $2 = nginx program, $3 = configuration, $4 = name, $5 = value of a directive outside of all blocks.
# print: the new content, nothing is changed. write: into a copy beside the file, which must pass `nginx -t` before it takes its place.
# Programs of the administrator are not on the path of an ordinary account.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
what=$1 program=$2 config=$(readlink -e -- "$3") name=$4 value=$5
[ -n "$config" ] && [ -r "$config" ] || { echo "$3 cannot be read" >&2; exit 1; }
umask 077

edited() {
  if grep -Eq "^[[:space:]]*$name[[:space:]]" "$config"; then
    sed -E "s/^([[:space:]]*)$name[[:space:]][^;]*;/\\1$name $value;/" "$config"
  else
    printf '%s %s;\n' "$name" "$value" && cat -- "$config"
  fi
}

if [ "$what" = print ]; then edited; exit; fi
# A leading dot keeps the copy out of `include dir/*`; beside the file, so that relative includes still resolve.
new=$(mktemp -- "$(dirname -- "$config")/.steward.XXXXXXXX") || exit 1
trap 'rm -f -- "$new"' EXIT
cp -a -T -- "$config" "$new" && edited > "$new" || exit 1
says=$("$program" -t -q -e stderr -c "$new" 2>&1)
code=$?
case $says in *'invalid option: "-e"'* | *'invalid option: "e"'*) says=$("$program" -t -q -c "$new" 2>&1); code=$? ;; esac
[ "$code" = 0 ] || { printf '%s\n' "$says" >&2; exit 1; }
sync -- "$new"
if [ "$(stat -c %h -- "$config")" -gt 1 ]; then cat -- "$new" > "$config" && sync -- "$config"; exit; fi
mv -f -T -- "$new" "$config" 2>/dev/null || { cat -- "$new" > "$config" && sync -- "$config"; }
