# Runs one program under a time-out. Its output is cut, its input is empty, and it goes on when the connection does not.
# $1 output limit in bytes, $2 time-out in seconds, $3 the same in hundredths, $4 seconds between TERM and KILL,
# $5 directory of the mark, $6 step (empty: no mark), $7 hundredths for which the mark says "running", $8 exec or script, then the arguments.
# Standard input: a line with a nonce and a number; for `script` so many bytes, which are its text and the nonce again. Verdicts leave on fd 2, each
# behind the nonce, which nobody else knows: it is in no argument and in no environment. Nothing starts before all of this is here, so half a script
# never runs. What comes after it is never read.
exec 8>&2 9>&1
read -r nonce length || exit 1
verdict() { printf '\n%s %s\n' "$nonce" "$*" >&8; }
# What stands before this is the login's: a missing home directory, a talkative profile.
verdict begin
printf '\n%s begin\n' "$nonce" >&9
limit=$1 seconds=$2 hundredths=$3 grace=$4 marks=$5 step=$6 hold=$7 kind=$8
shift 8
# A login without a terminal seldom finds the programs of the administrator, and probes read the words of programs.
PATH="${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin" LC_ALL=C
export PATH LC_ALL
newline='
'
if [ "$kind" = script ]; then
  text=$(head -c "$length")
  case $text in *"$newline$nonce") ;; *) exit 1 ;; esac
  set -- sh -c "${text%"$newline$nonce"}" "$@"
fi
command -v timeout >/dev/null || { verdict broken 'there is no program "timeout"'; exit 0; }
if [ -n "$step" ]; then
  why=$(create_mark "$marks" "$step" run "$hold" 2>&1)
  case $? in
    0) ;;
    1) verdict taken; exit 0 ;;
    *) verdict broken "no mark: ${why%%"$newline"*}"; exit 0 ;;
  esac
fi
# The end of the connection must not end this shell before it has written how the program ended; the program itself is left as it would be.
trap '' HUP PIPE
# What is beyond the limit is read and dropped: a program never stalls or dies because nobody reads it. By itself head keeps what it has until the
# end, and that does not come while a daemon holds the output.
unbuffered=''
! command -v stdbuf >/dev/null || unbuffered='stdbuf -o0'
relay() { $unbuffered head -c "$limit"; exec cat >/dev/null; }
{
  {
    {
      read_uptime
      began=$uptime
      (trap - HUP PIPE; exec timeout -k "$grace" "$seconds" "$@" </dev/null 2>&3 3>&- 8>&- 9>&-)
      code=$?
      [ -z "$step" ] || end_mark "$marks" "$step" "$code"
      read_uptime
      word=ended
      # Two hundredths for rounding. A program may end with 124 by itself: that is no time-out.
      case $code in 124 | 137 | 143) [ $((uptime - began + 2)) -lt "$hundredths" ] || word=timeout ;; esac
      verdict "$word" "$code"
    } 2>/dev/null | relay 3>&- 8>&-
  } 3>&1 >&9 9>&- | relay >&8 9>&-
} 2>/dev/null
