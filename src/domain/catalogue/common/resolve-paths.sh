# $1... = paths. Where each really lies: links on the way are followed, also when the end is missing. Prints base64 of NUL-ended fields, two a path, so
# that no name can forge a record: the real path, and `device:inode` of a file with several names, else `-`. One that cannot be resolved ends the list.
for path in "$@"; do
  # The x keeps newlines at the end of a name.
  real=$(readlink -m -- "$path" && echo x) || exit 3
  real=${real%?x}
  [ -n "$real" ] || exit 3
  inode=-
  if [ -f "$real" ] && [ "$(stat -c %h -- "$real")" -gt 1 ]; then inode=$(stat -c %d:%i -- "$real") || exit 3; fi
  printf '%s\0%s\0' "$real" "$inode"
done | base64 -w 0
