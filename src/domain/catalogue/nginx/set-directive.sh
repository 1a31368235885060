# $1 = print | hash | write, $2 = nginx program, $3 = configuration, $4 = name, $5 = value of a directive outside of all blocks.
# print: the new content, hash: its sha256; nothing is changed. write: into a copy beside the file, which must pass `nginx -t` before it takes its place.
# To write, the configuration is named by where it really lay when the plan was made: whoever owns a directory on the way may have exchanged it for a
# link since, or do so now, and nothing must go where that leads. So no link is followed; we work by plain names in the directory that we have entered,
# build the new file where only we can write, and never write through a name.
# Programs of the administrator are not on the path of an ordinary account.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
what=$1 program=$2 config=$3 name=$4 value=$5
[ "$what" = write ] || config=$(readlink -e -- "$3")
[ -n "$config" ] && [ -r "$config" ] || { echo "$3 cannot be read" >&2; exit 1; }
umask 077
place=$(dirname -- "$config")
file=./${config##*/}
cd -P -- "$place" && [ "$(pwd -P)" = "$place" ] && [ -f "$file" ] && [ ! -L "$file" ] || { echo "$config leads elsewhere" >&2; exit 1; }

edited() {
  if grep -Eq "^[[:space:]]*$name[[:space:]]" "$1"; then
    sed -E "s/^([[:space:]]*)$name[[:space:]][^;]*;/\\1$name $value;/" "$1"
  else
    printf '%s %s;\n' "$name" "$value" && cat -- "$1"
  fi
}

case $what in
  print) edited "$file"; exit ;;
  hash) edited "$file" | sha256sum | cut -c 1-64; exit ;;
  write) ;;
  *) exit 2 ;;
esac

work=$(mktemp -d) || exit 1
new=
trap 'rm -rf -- "$work"; [ -z "$new" ] || rm -f -- "$new"' EXIT
trap 'exit 1' HUP INT TERM
cp -a -T -- "$file" "$work/was" && [ -f "$work/was" ] && [ ! -L "$work/was" ] || { echo "$config was exchanged" >&2; exit 1; }
cp -a -T -- "$work/was" "$work/new" || exit 1
: >> "$work/new" 2>/dev/null || chmod u+w -- "$work/new"
edited "$work/was" > "$work/new" && chmod "$(stat -c %a -- "$work/was")" -- "$work/new" || exit 1

# A leading dot keeps the copy out of `include dir/*`; beside the file, so that relative includes still resolve.
new=$(mktemp -- ./.steward.XXXXXXXX) || exit 1
cp -a -T --remove-destination -- "$work/new" "$new" || exit 1
says=$("$program" -t -q -e stderr -c "$place/${new#./}" 2>&1)
code=$?
case $says in *'invalid option: "-e"'* | *'invalid option: "e"'*) says=$("$program" -t -q -c "$place/${new#./}" 2>&1); code=$? ;; esac
[ "$code" = 0 ] || { printf '%s\n' "$says" >&2; exit 1; }
sync -- "$new"

# Into the very inode that lies in this directory under this name.
write_in_place() {
  {
    [ "$(readlink /proc/self/fd/3)" = "${place%/}/${file#./}" ] || { echo "$config was exchanged" >&2; return 1; }
    cat -- "$work/new" > /proc/self/fd/3 && sync -- "$file"
  } 3< "$file"
}

# A file with several names keeps its inode; and only root can give a file away, so for anybody else a copy would change its owner.
if [ "$(stat -c %h -- "$file")" -gt 1 ] || [ "$(stat -c %u:%g -- "$new")" != "$(stat -c %u:%g -- "$file")" ]; then write_in_place; exit; fi
mv -f -T -- "$new" "$file" 2>/dev/null || write_in_place
