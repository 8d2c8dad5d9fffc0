#!/usr/bin/env bash
# Starts and stops what stands for a broker by the scripts of local-cluster: the right process, and no other.
#
#   local-cluster.sh DIR     a folder for it; one with a broker that is not of these tests is refused
# shellcheck disable=SC2016 # dollar signs that are meant
set -euo pipefail

files=$(cd "$(dirname "${BASH_SOURCE[0]}")/../modules/local-cluster/files" && pwd)
dir=$1
own=$dir/broker-1/of-these-tests
strangers=()
# What stands for brokers and strangers ends by itself, should these tests be killed.
readonly TEN_MINUTES='for ((i = 0; i < 600; i++)); do sleep 1; done'
# shellcheck source=../modules/local-cluster/files/process
source "$files/process"

if [ -e "$dir/broker-1" ] && [ ! -e "$own" ]; then
  printf '%s is not of these tests, which would stop its broker and remove it: another DIR is needed\n' "$dir/broker-1" >&2
  exit 2
fi

trap 'kill -KILL "${strangers[@]}" 2>/dev/null || true; DIRECTORY=$dir/broker-1 LIMIT=0 bash "$files/stop" 2>/dev/null || true' EXIT

fail() {
  printf 'FAILED: %s\n' "$*"
  exit 1
}

start() {
  DIRECTORY=$dir/broker-1 CONFIG=none LAUNCHER=$dir/launcher FORMED=$dir/formed VOTES=yes bash "$files/start"
}

stop() { # seconds
  DIRECTORY=$dir/broker-1 LIMIT=$1 bash "$files/stop"
}

there() { # process id; one that waits for its parent to notice its end is gone
  case $(ps -o stat= -p "$1") in
    '' | Z*) return 1 ;;
  esac
}

gone() { # process id
  ! there "$1"
}

await() { # what, a condition
  local what=$1 deadline=$((SECONDS + 60))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || fail "not within 60 s: $what"
    sleep 0.1
  done
}

launcher() { # what it does
  printf '#!/usr/bin/env bash\n%s\n' "$1" >"$dir/launcher"
  chmod +x "$dir/launcher"
}

stranger() { # a process whose arguments name the broker's file, as an editor's do: sets its id. It begins in a later tick than the broker, as one with its id would
  local attempt
  for ((attempt = 0; attempt < 100; attempt++)); do
    bash -c "$TEN_MINUTES" stranger "$dir/broker-1/firn.yaml" >/dev/null 2>&1 &
    disown
    stranger=$!
    strangers+=("$stranger")
    [ "$(since "$stranger")" = "$(cat "$dir/broker-1/pid.since" 2>/dev/null)" ] || return 0
  done
  fail 'all processes begin when the broker did'
}

rm -rf "$dir/broker-1"
mkdir -p "$dir/broker-1"
: >"$own"

launcher "$TEN_MINUTES"
start >/dev/null || fail 'did not start'
pid=$(cat "$dir/broker-1/pid")
there "$pid" || fail 'nothing runs'
start | grep -qx "runs already: process $pid" || fail 'started a second one'
stop 30 || fail 'did not stop'
! there "$pid" || fail 'it runs after it was stopped'
[ ! -e "$dir/broker-1/pid" ] || fail 'its process id is left'
stop 30 || fail 'what is stopped cannot be stopped'

start >/dev/null || fail 'did not start again'
stranger
cp "$dir/broker-1/pid" "$dir/its-pid"
printf '%s\n' "$stranger" >"$dir/broker-1/pid"
stop 5 || fail 'did not stop what has ended'
there "$stranger" || fail "ended a process that has the broker's id by now"
kill -KILL "$(cat "$dir/its-pid")"

stranger
printf '%s\n' "$stranger" >"$dir/broker-1/pid"
start >/dev/null || fail 'did not start'
[ "$(cat "$dir/broker-1/pid")" != "$stranger" ] || fail "took a process that has the broker's id by now for the broker"
stop 30 || fail 'did not stop'
there "$stranger" || fail 'ended a stranger'

launcher 'trap "" TERM; touch "'"$dir"'/deaf"; '"$TEN_MINUTES"
rm -f "$dir/deaf"
start >/dev/null || fail 'did not start'
await 'it hears nothing' [ -e "$dir/deaf" ]
pid=$(cat "$dir/broker-1/pid")
stop 1 2>"$dir/said" && fail 'what does not stop is said to have stopped'
grep -q 'was killed' "$dir/said" || fail 'does not say that it was killed'
await 'it was killed' gone "$pid"

launcher 'exit 1'
start >/dev/null || fail 'did not try'
DIRECTORY=$dir/broker-1 LIMIT=30 FORMED=$dir/formed bash "$files/await" http://127.0.0.1:9 "$dir/broker-1" 2>"$dir/said" && fail 'waited for nothing, and was content'
grep -q 'ended before it was in sync' "$dir/said" || fail 'does not say that it ended'

# What is asked of a broker is whether it is in sync, and until it says so. The number of questions is kept in a file, as each is a process of its own.
launcher "$TEN_MINUTES"
mkdir -p "$dir/bin"
printf '#!/usr/bin/env bash\n[[ $* == *"--fail"*" http://127.0.0.1:9/health/in-sync" ]] && printf x >>"%s" && [ "$(wc -c <"%s")" -ge 3 ]\n' "$dir/asked" "$dir/asked" >"$dir/bin/curl"
chmod +x "$dir/bin/curl"
rm -f "$dir/asked" "$dir/formed"
start >/dev/null || fail 'did not start'
PATH=$dir/bin:$PATH DIRECTORY=$dir/broker-1 LIMIT=30 FORMED=$dir/formed bash "$files/await" http://127.0.0.1:9 "$dir/broker-1" || fail 'did not wait until it was in sync'
[ "$(cat "$dir/asked")" = xxx ] || fail 'did not wait, or not no longer than needed'
[ -e "$dir/formed" ] || fail 'does not note that the cluster is formed'
stop 30 || fail 'did not stop'
printf 'passed: processes are started and stopped, and no others\n'
