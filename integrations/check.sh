#!/usr/bin/env bash
# Runs `mlgate check` for a pipeline: what it shall do stands in MLGATE_... variables, never in a command line that
# somebody could write into.
#
#   check.sh ENVIRONMENT REPORTS
#
# ENVIRONMENT is what install.sh made; REPORTS a folder for mlgate.md and mlgate.sarif. Console output is for people.
# Ends as `mlgate check` ends: 0 allowed, 1 denied, 2 usage, 3 could not check, 4 internal error.
set -euo pipefail

environment=$1
reports=$2
mkdir -p "$reports"
arguments=(check --format markdown --output "$reports/mlgate.md" --format sarif --output "$reports/mlgate.sarif")
arguments+=(--format "${MLGATE_FORMAT:-console}")
if [ -n "${MLGATE_PROFILE:-}" ]; then arguments+=(--profile="$MLGATE_PROFILE"); fi
if [ -n "${MLGATE_FAIL_ON:-}" ]; then arguments+=(--fail-on="$MLGATE_FAIL_ON"); fi
if [ -n "${MLGATE_CHANGED_SINCE:-}" ]; then arguments+=(--changed-since="$MLGATE_CHANGED_SINCE"); fi
if [ "${MLGATE_CHECKOV:-false}" = true ]; then
  "$environment/bin/mlgate" tools install checkov
else
  arguments+=(--skip checkov)
fi
arguments+=(--)
while IFS= read -r path; do
  if [ -n "$path" ]; then arguments+=("$path"); fi
done <<< "${MLGATE_PATHS:-}"
exec "$environment/bin/mlgate" "${arguments[@]}"
