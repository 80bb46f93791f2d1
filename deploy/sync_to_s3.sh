#!/usr/bin/env bash
# Sync to S3 — closed segments go to BOTMM_S3_URL, are read back, and are deleted after the grace time.
set -euo pipefail
exec "${BOTMM:-/opt/botmm/current/venv/bin/botmm}" ops sync "$@"
