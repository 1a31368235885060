# $1 = state directory of Steward, $2 = most bytes of a file, $3... = files. Keeps the content of each as <state>/contents/<sha256>.
# Prints one line per file, in order: its sha256, or `-` when it is not a readable regular file of at most $2 bytes.
state=$1
limit=$2
shift 2 || exit 2
umask 077
contents=$state/contents
mkdir -p -- "$contents" && chmod 700 -- "$state" "$contents" || exit 3
trap 'rm -f -- "$new"' EXIT
new=$contents/.new.$$
for path in "$@"; do
  rm -f -- "$new"
  # The hash is taken of the copy: a file that changes while we read cannot be kept under a wrong name.
  if [ -f "$path" ] && [ -r "$path" ] && head -c "$((limit + 1))" < "$path" > "$new" && [ "$(wc -c < "$new")" -le "$limit" ]; then
    sum=$(sha256sum < "$new" | cut -c 1-64)
    sync -- "$new" && mv -f -T -- "$new" "$contents/$sum" || exit 3
    printf '%s\n' "$sum"
  else
    printf -- '-\n'
  fi
done
sync -- "$contents"
