#!/usr/bin/env bash
# Says that the nightly evaluation failed: on standard output, which the unit writes to the journal as an error, and by mail where
# MAILTO is set (/etc/ketarag-eval.conf). systemd hands over the exit status as MONITOR_EXIT_STATUS.
#
#   tell.sh UNIT FOLDER     FOLDER: the one given to run.sh
#
# Exit codes: 0, or 1 when a mail was wanted and could not be sent.
set -euo pipefail

unit=$1
summary=$2/summary.md
case ${MONITOR_EXIT_STATUS:-} in
    1) what="an answer or a figure got worse" ;;
    *) what="the evaluation could not be run (${MONITOR_SERVICE_RESULT:-unknown} ${MONITOR_EXIT_STATUS:-})" ;;
esac
subject="KetaRAG on $(uname -n): $what"
text="$subject. Log: journalctl -u $unit. What to do: docs/nightly.md."
if [ -s "$summary" ]; then text+=$'\n\n'$(<"$summary"); fi

printf '%s\n' "$text"
if [ -n "${MAILTO:-}" ]; then
    printf '%s\n' "$text" | mail -s "$subject" "$MAILTO" || { echo "No mail could be sent to $MAILTO."; exit 1; }
fi
