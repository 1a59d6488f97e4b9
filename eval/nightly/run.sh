#!/usr/bin/env bash
# The nightly evaluation on a server of one's own. The systemd service and the cron line both call this.
#
#   run.sh FOLDER     FOLDER/report.html, summary.md, run.json: this night's, or none when it could not be run
#                     FOLDER/history.jsonl: every night's figures
#                     FOLDER/kept/TIME/: the reports of the last 30 nights that have one
#
# Exit codes: those of `python -m eval` (0 passes, 1 an answer or a figure got worse, 2 could not be run); 2 also where it is not set up,
# already running, or its files cannot be written.
set -euo pipefail
trap 'exit 2' ERR # not 1, which most commands fail with: that would say that an answer got worse

kept_nights=30

fail() {
    echo "ketarag-eval: $1" >&2
    exit 2
}

if [ $# -ne 1 ]; then fail "usage: run.sh FOLDER"; fi
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
mkdir -p -- "$1"
out=$(cd -- "$1" && pwd)

# The evaluation inherits the lock: where this script alone is killed, the next one still finds it running.
exec 9>"$out/.lock"
flock --nonblock 9 || fail "already running in $out"

# What is left of last night must not be taken for tonight's.
rm -f -- "$out/report.html" "$out/summary.md" "$out/run.json"

python=$root/.venv/bin/python
if [ ! -x "$python" ]; then fail "$python is missing; run 'make eval ARGS=--help' in $root, which installs it"; fi

# A checkout of another owner: git tells its commit only where it is named as safe.
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=$root
export HF_HUB_OFFLINE=1
cd -- "$root"
code=0
"$python" -m eval --suite full --out "$out" || code=$?
# Python exits with 1 for a crash as well, for a missing package say; but then there is no summary.
if [ "$code" -eq 1 ] && [ ! -s "$out/summary.md" ]; then code=2; fi

# Under another name until all is there: a kept night is a whole one.
part=$out/kept/part
rm -rf -- "$part"
mkdir -p -- "$part"
for name in report.html summary.md run.json; do
    if [ -f "$out/$name" ]; then cp -- "$out/$name" "$part/"; fi
done
if ! rmdir -- "$part" 2>/dev/null; then # not empty
    mv -T -- "$part" "$out/kept/$(date -u +%Y-%m-%dT%H%M%S.%3NZ)"
fi
find "$out/kept" -mindepth 1 -maxdepth 1 -type d -name '????-??-??T*Z' -print0 | sort -z | head -z -n "-$kept_nights" | xargs -0 -r rm -rf --

case $code in
    0) echo "ketarag-eval: passes; $out/report.html" ;;
    1) echo "ketarag-eval: an answer or a figure got worse; $out/report.html" >&2 ;;
    *) echo "ketarag-eval: could not be run (exit code $code)" >&2 ;;
esac
exit "$code"
