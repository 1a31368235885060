# $1 = state directory, $2 = execution id, $3 = path. Prints the copy of a file that the snapshot of an execution holds. Exit 4: it holds none.
top=$1/snapshots/$2
case $2 in '' | .* | */*) exit 2 ;; esac
n=1
while [ -d "$top/$n" ]; do
  item=$top/$n
  n=$((n + 1))
  # The x keeps newlines at the end of a name.
  path=$(cat -- "$item/path" && echo x)
  if [ "${path%x}" = "$3" ] && [ -f "$item/copy" ] && [ ! -L "$item/copy" ]; then cat -- "$item/copy"; exit; fi
done
exit 4
