#!/usr/bin/env bash
# Monitor — disk, freshness, API, memory and gaps, once; the timer calls it each 5 minutes.
set -euo pipefail
exec "${BOTMM:-/opt/botmm/current/venv/bin/botmm}" ops monitor "$@"
