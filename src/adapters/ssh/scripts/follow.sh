# Reads one log file from an offset, and goes on as it grows. Standard output carries bytes of the file and nothing else; what they are stands on
# standard error, one line for each read, so nothing that is written into a log can pass for a word of this script.
# $1 the watched path, $2 the file to read (another name when it was rotated), $3 its device:inode, $4 offset, $5 live or finished,
# $6 seconds between looks, $7 looks that a renamed file must stay quiet for, $8 the most looks it gets, $9 reads ahead of the reader.
# Standard input brings a nonce, which both streams repeat: what stands before it is the login's. Then one line for each read that was taken: who stops reading is sent nothing more, and who has gone ends this shell.
export LC_ALL=C
read -r nonce || exit 0
printf '\n%s begin\n' "$nonce"
printf '\n%s begin\n' "$nonce" >&2
path=$1 file=$2 identity=$3 offset=$4 mode=$5 pause=$6 quiet_looks=$7 most_looks=$8 ahead=$9
newline='
'
chunk=262144
say() { printf '%s\n' "$*" >&2 || exit 0; }
# The kernel knows exactly how far a descriptor was read, whatever the size was a moment ago.
position_of() { { read -r _ position; } <"/proc/self/fdinfo/$1"; }
sum_of_head() { head -c "$1" </proc/self/fd/3 | cksum; }
[ -f "$file" ] && (exec 3<"$file") 2>/dev/null || { say lost; exit 0; }
exec 3<"$file"
facts=$(stat -L -c '%d:%i %s' /proc/self/fd/3)
[ "${facts% *}" = "$identity" ] || { say lost; exit 0; }
[ "${facts#* }" -ge "$offset" ] || { say truncated; exit 0; }
# Summed, read, and summed again: a file that is written anew in between would leave us with the head of one text and the sum of another.
head=$(sum_of_head 1024)
head_length=${head##* }
head -c "$head_length" </proc/self/fd/3
[ "$(sum_of_head "$head_length")" = "$head" ] || { say truncated; exit 0; }
say "head $head_length"
[ "$offset" = 0 ] || dd bs=1 skip="$offset" count=0 <&3 2>/dev/null
position_of 3
[ "$position" = "$offset" ] || { say lost; exit 0; }
looks=0 quiet=0 moved=0 missing=0
while :; do
  facts=$(stat -L -c '%d:%i %s' -- /proc/self/fd/3 "$path" 2>/dev/null)
  ours=${facts%%"$newline"*}
  theirs=${facts#*"$newline"}
  [ "$theirs" != "$facts" ] || theirs=''
  size=${ours#* }
  [ -n "$size" ] || { say lost; exit 0; }
  [ "$size" -ge "$offset" ] || { say truncated; exit 0; }
  if [ "$size" -gt "$offset" ]; then
    dd bs=$chunk count=1 <&3 2>/dev/null
    position_of 3
    count=$((position - offset))
    [ "$count" -gt 0 ] || { say unreadable; exit 0; }
    # Truncated and written beyond our offset between two looks: then these bytes belong to another text, and nobody is told of them.
    longer=$head
    if [ "$head_length" -lt 1024 ]; then longer=$(sum_of_head $((position < 1024 ? position : 1024))); fi
    [ "$(sum_of_head "$head_length")" = "$head" ] || { say truncated; exit 0; }
    head=$longer head_length=${longer##* }
    say "data $count"
    ahead=$((ahead - 1))
    while [ "$ahead" -le 0 ]; do
      read -r _ || exit 0
      ahead=$((ahead + 1))
    done
    offset=$position quiet=0
    [ "$count" -lt "$chunk" ] || continue
  elif [ "$mode" = finished ]; then
    say finished
    exit 0
  fi
  case $theirs in
    '')
      missing=$((missing + 1))
      [ "$missing" -ne 10 ] || say missing
      ;;
    "$identity "*)
      [ "$missing" -lt 10 ] || say found
      missing=0
      ;;
    *)
      # Renamed. Its writer may keep it for a while: it is left when the new file has something to say and this one has not.
      missing=0
      if [ "${theirs#* }" -gt 0 ]; then
        moved=$((moved + 1)) quiet=$((quiet + 1))
        if [ "$quiet" -gt "$quiet_looks" ] || [ "$moved" -gt "$most_looks" ]; then
          say rotated
          exit 0
        fi
      fi
      ;;
  esac
  sleep "$pause"
  looks=$((looks + 1))
  # Writing is how this shell learns that the channel is gone.
  [ $((looks % 10)) -ne 0 ] || say idle
done
