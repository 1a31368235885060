# $1 = state directory, $2 = sha256. Prints a kept content; exit 4 when it is missing or harmed.
kept=$1/contents/$2
[ "$(sha256sum < "$kept" 2>/dev/null | cut -c 1-64)" = "$2" ] || exit 4
cat -- "$kept"
