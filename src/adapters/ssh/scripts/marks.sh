# The mark of a step: one file that exists from before the step until for ever. It is complete and on the disk before it gets its name, and it
# gets its name by link(2), which refuses an existing one: so of two runners, or a runner and a fence, exactly one wins.

# Hundredths of a second since this boot: no change of the clock moves it.
read_uptime() {
  read -r uptime _ </proc/uptime || return 1
  uptime=$((${uptime%.*} * 100 + 1${uptime#*.} - 100))
}

# Older or smaller `sync` programs take no file names; then everything is flushed.
flush() {
  sync "$@" 2>/dev/null || sync
}

# create_mark DIRECTORY STEP run|void HUNDREDTHS: 0 it is ours, 1 somebody else has it, 2 it cannot be written (says why on fd 2).
create_mark() (
  umask 077
  mkdir -p "$1" || return 2
  if [ -h "$1" ] || [ -h "${1%/*}" ]; then
    printf '%s is a symbolic link\n' "$1" >&2
    return 2
  fi
  read_uptime || return 2
  read -r boot </proc/sys/kernel/random/boot_id || return 2
  draft="$1/.$2.$$"
  printf 'kind %s\nboot %s\nfrom %s\nuntil %s\n' "$3" "$boot" "$uptime" "$((uptime + $4))" >"$draft" || return 2
  flush "$draft"
  if ln "$draft" "$1/$2" 2>/dev/null; then
    rm -f "$draft"
    flush "$1" "$1/.." "$1/../.."
    return 0
  fi
  rm -f "$draft"
  [ -e "$1/$2" ] && return 1
  printf 'no hard link can be made in %s\n' "$1" >&2
  return 2
)

# end_mark DIRECTORY STEP EXIT-CODE
end_mark() {
  printf 'end %s\n' "$3" >>"$1/$2" && flush "$1/$2"
}
