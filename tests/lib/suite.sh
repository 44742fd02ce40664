# Sourced by suites: check NAME COMMAND... runs a test and counts it; skip NAME REASON; finish prints the last line.
passed=0 failed=0 skipped=0
check() {
  local name=$1 out status
  shift
  out=$("$@" 2>&1); status=$?
  if [ $status = 0 ]; then
    passed=$((passed + 1)); echo "ok   $name"
  else
    failed=$((failed + 1)); echo "FAIL $name (exit status $status)"; tail -n 40 <<<"$out" | sed 's/^/     /'
  fi
}
skip() { skipped=$((skipped + 1)); echo "skip $1: $2"; }
# Adds another suite's counts, from its last line.
add_counts() {
  if [[ $1 =~ ([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)? ]]; then
    passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2])) skipped=$((skipped + ${BASH_REMATCH[4]:-0}))
  else
    failed=$((failed + 1)); echo "no counts in: $1"
  fi
}
finish() {
  local line="$passed passed, $failed failed"
  [ "$skipped" -gt 0 ] && line="$line, $skipped skipped"
  echo "$line"
  [ "$failed" = 0 ]; exit
}
# meson test in a build folder: its tests are counted one by one.
meson_tests() {
  local dir=$1 log ok fail skip timeout
  shift
  log=$(meson test -C "$dir" --no-rebuild --print-errorlogs "$@" 2>&1)
  count() { sed -nE "s/^$1: +([0-9]+).*/\1/p" <<<"$log" | tail -n1; }
  ok=$(count Ok) fail=$(count Fail) skip=$(count Skipped) timeout=$(count Timeout)
  if [ -z "$ok" ]; then
    failed=$((failed + 1)); tail -n 40 <<<"$log"; return
  fi
  [ "${fail:-0}" = 0 ] && [ "${timeout:-0}" = 0 ] || tail -n 120 <<<"$log"
  passed=$((passed + ok)) failed=$((failed + ${fail:-0} + ${timeout:-0})) skipped=$((skipped + ${skip:-0}))
}
