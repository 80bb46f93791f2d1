#!/usr/bin/env bash
# Set-up — brings a bundle onto this server: packages, users, release, units, timers, log limits.
# Run it as root from the unpacked bundle, as often as you like; it never starts, restarts or stops daemon and guard.
set -euo pipefail
cd "$(dirname "$0")/.."
root=${BOTMM_ROOT:-} # another place than /, for tests and images

refuse() {
  echo "setup_ec2.sh: $1" >&2
  exit 2
}

step() { echo "set-up: $*"; }

family() {
  # shellcheck source=/dev/null
  (. "$root/etc/os-release" && echo "${ID:-} ${ID_LIKE:-}")
}

install_packages() {
  case " $(family) " in
    *" debian "*)
      python=python3
      export DEBIAN_FRONTEND=noninteractive
      apt-get update --quiet
      apt-get install --yes --quiet --no-install-recommends \
        python3 python3-venv ca-certificates cron chrony
      ;;
    *" amzn "*)
      python=python3.11
      dnf install --assumeyes --quiet python3.11 ca-certificates cronie chrony shadow-utils
      ;;
    *) refuse "neither Debian nor Amazon Linux: install Python 3.11, chrony and cron by hand and take the steps from deploy/README.md" ;;
  esac
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    refuse "$python is older than 3.11; Debian 12 and Amazon Linux 2023 have it"
}

make_user() {
  id -u "$1" >/dev/null 2>&1 ||
    useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$1"
}

# Configuration is made once and never overwritten.
keep_or_copy() {
  [ -e "$2" ] || install -m "$3" -o root -g "$4" "$1" "$2"
}

install_release() {
  # The version, and the sum of all sums: another bundle is another release.
  release=/opt/botmm/releases/$(basename botmm-*.whl | cut -d - -f 2)-$(sha256sum SHA256SUMS | cut -c 1-8)
  if [ ! -e "$root$release/.complete" ]; then
    rm -rf "$root${release:?}"
    mkdir -p "$root$release"
    "$python" -m venv "$root$release/venv"
    local pip=("$root$release/venv/bin/python" -m pip --isolated --disable-pip-version-check --no-input install --quiet --no-index)
    "${pip[@]}" --require-hashes --find-links wheelhouse --requirement requirements-live.txt
    "${pip[@]}" --no-deps botmm-*.whl
    "$root$release/venv/bin/botmm" --version
    cp -r deploy docs "$root$release/"
    chmod -R a+rX,go-w "$root$release"
    touch "$root$release/.complete"
  fi
  # One rename: whatever starts meanwhile finds the old release or the new one.
  ln -sfn "$release" "$root/opt/botmm/next"
  mv -T "$root/opt/botmm/next" "$root/opt/botmm/current"
}

install_configuration() {
  local etc=$root/etc/botmm
  install -d -m 755 "$etc"
  install -d -m 700 "$etc/credentials"
  keep_or_copy deploy/etc/botmm.toml "$etc/botmm.toml" 640 botmm-live
  keep_or_copy deploy/etc/recorder.env "$etc/recorder.env" 644 root
  keep_or_copy deploy/etc/guard.env "$etc/guard.env" 644 root
  keep_or_copy deploy/etc/ops.env "$etc/ops.env" 644 root
  # A unit does not start where a credential has no file; an empty one is refused with its reason.
  local name
  for name in botmm_agent_key botmm_guard_key botmm_alert_url; do
    keep_or_copy /dev/null "$etc/credentials/$name" 600 root
  done
}

install_units() {
  local system=$root/etc/systemd/system
  install -d -m 755 "$system/botmm-.service.d" "$root/etc/systemd/journald.conf.d"
  install -m 644 deploy/units/*.service deploy/units/*.timer "$system/"
  install -m 644 deploy/units/botmm-.service.d/hardening.conf "$system/botmm-.service.d/"
  install -m 644 deploy/etc/journald.conf "$root/etc/systemd/journald.conf.d/botmm.conf"
  systemctl daemon-reload
  systemctl try-restart systemd-journald.service
  systemctl enable --now chrony.service 2>/dev/null || systemctl enable --now chronyd.service
  systemctl enable --now botmm-recorder.service botmm-monitor.timer
  if grep -q '^BOTMM_S3_URL=s3://' "$root/etc/botmm/ops.env"; then
    systemctl enable --now botmm-sync.timer
  fi
}

[ "$(id -u)" = 0 ] || [ -n "$root" ] || refuse "run it as root: sudo deploy/setup_ec2.sh"
[ -f SHA256SUMS ] || refuse "no SHA256SUMS here: run it from the unpacked bundle that make bundle wrote"
sha256sum --check --strict --quiet SHA256SUMS || refuse "the bundle is damaged: copy it again"

step "packages"
install_packages
step "users"
make_user botmm-record
make_user botmm-live
step "configuration in /etc/botmm"
install_configuration
step "release"
install_release
step "units"
install_units
step "done: $release"
echo "A recorder that ran before still runs the old release: systemctl restart botmm-recorder"
echo "Keys, guard and daemon are a person's: deploy/README.md, section Trading"
