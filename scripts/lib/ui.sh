# What the scripts say. Each step is one line; its output goes to a log that is shown only when the step fails.
# shellcheck shell=bash

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
  bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' cyan=$'\e[36m' plain=$'\e[0m'
  erase=$'\r\e[K'
else
  bold='' dim='' red='' green='' cyan='' plain='' erase=''
fi

step_log=''
step_note=''

# Set the words that stand behind the name of the step that runs, once it is done.
note() { step_note=$1; }

# Print a heading.
heading() { printf '\n%s%s%s\n\n' "$bold" "$1" "$plain"; }

# step NAME HINT COMMAND...: run COMMAND in this shell. A failure ends the script, with the end of the command's output
# and HINT, which says how to mend it.
step() {
  local name=$1 hint=$2 start=$SECONDS
  shift 2
  step_note=''
  step_log=$(mktemp "${TMPDIR:-/tmp}/pouch-step.XXXXXX")
  [ -z "$erase" ] || printf '  %s…%s %s' "$dim" "$plain" "$name"
  if "$@" >"$step_log" 2>&1 </dev/null; then
    local took=$((SECONDS - start))
    [ "$took" -lt 2 ] || step_note="${step_note:+$step_note, }$took s"
    printf '%s  %s✓%s %-18s %s%s%s\n' "$erase" "$green" "$plain" "$name" "$dim" "$step_note" "$plain"
    rm -f "$step_log"
  else
    printf '%s  %s✗ %s%s\n\n' "$erase" "$red" "$name" "$plain"
    tail -n 15 "$step_log" | cut -c 1-400 | sed 's/^/      /'
    printf '\n  The step "%s" failed. %s\n  All of its output: %s\n' "$name" "$hint" "$step_log" >&2
    exit 1
  fi
}

# fail MESSAGE: end the script before a step of its own.
fail() {
  printf '  %s✗%s %s\n' "$red" "$plain" "$1" >&2
  exit 1
}
