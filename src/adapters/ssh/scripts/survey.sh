# What lies at and beside a log file. $1 its path, $2 length of the head to hash (0: none), $3 an inode to look for (may be empty).
# First line: `at readable|missing|unreadable|not-a-regular-file <what the system says>`; then `here|beside <device> <inode> <size> <changed> <hash> <name>`.
export LC_ALL=C
path=$1 length=$2 inode=$3
says=$(stat -L -- "$path" 2>&1 >/dev/null)
if [ -n "$says" ]; then
  case $says in *'ermission denied'*) at=unreadable ;; *) at=missing ;; esac
elif [ ! -f "$path" ]; then at=not-a-regular-file says=$(stat -L -c %F -- "$path")
elif [ ! -r "$path" ]; then at=unreadable says='Permission denied'
else at=readable
fi
printf 'at %s %s\n' "$at" "$(printf %s "$says" | tr '\n' ' ')"
describe() { # here|beside FILE
  sum=-
  [ "$length" = 0 ] || sum=$(head -c "$length" -- "$2" | sha256sum) && sum=${sum%% *}
  stat -L -c "$1 %d %i %s %.9Y $sum %n" -- "$2"
}
[ "$at" = readable ] && describe here "$path"
cd -- "${path%/*}/" 2>/dev/null || exit 0
base=${path##*/}
stem=$base extension=''
case $base in ?*.?*) stem=${base%.*} extension=.${base##*.} ;; esac
newline='
'
old=''
[ -z "$inode" ] || old=$(find . -maxdepth 1 -inum "$inode" -type f 2>/dev/null)
old=${old#./}
# Newest first, and only so many: a directory may hold years.
set --
for file in "$base"[.-]* "$stem"[.-]*"$extension"; do
  case $file in "$base" | *"$newline"* | *.gz | *.xz | *.bz2 | *.zst | *.lz4 | *.Z) continue ;; esac
  [ -f "$file" ] && [ -r "$file" ] && set -- "$@" "$file"
done
{
  case $old in '' | "$base" | *"$newline"*) ;; *) [ ! -r "$old" ] || printf '%s\n' "$old" ;; esac
  [ $# -eq 0 ] || ls -1tdL -- "$@" | head -n 24
} | sort -u | while IFS= read -r file; do describe beside "$file"; done
