# Returns when the situation of a path is another than the one given. $1 path, $2 missing, unreadable or not-a-regular-file, $3 seconds between looks.
read -r nonce || exit 0
printf '\n%s begin\n' "$nonce"
printf '\n%s begin\n' "$nonce" >&2
look() {
  if [ ! -e "$1" ]; then situation=missing
  elif [ ! -f "$1" ]; then situation=not-a-regular-file
  elif [ ! -r "$1" ]; then situation=unreadable
  else situation=readable
  fi
}
looks=0
while look "$1" && { [ "$situation" = "$2" ] || [ "$2$situation" = unreadablemissing ]; }; do
  sleep "$3"
  looks=$((looks + 1))
  # Writing is how this shell learns that the channel is gone.
  [ $((looks % 10)) -ne 0 ] || printf 'idle\n' >&2 || exit 0
done
echo changed >&2
