# Where an installed Pouch is. PREFIX and DESTDIR may be set from outside.
# shellcheck shell=bash

PREFIX=${PREFIX:-/usr/local}
DESTDIR=${DESTDIR:-}
case "$PREFIX" in /*) ;; *) fail "PREFIX must be an absolute path; it is $PREFIX" ;; esac
PREFIX=${PREFIX%/}

bin_directory=$DESTDIR$PREFIX/bin
lib_directory=$DESTDIR$PREFIX/lib/pouch
bash_completion=$DESTDIR$PREFIX/share/bash-completion/completions/pouch
zsh_completion=$DESTDIR$PREFIX/share/zsh/site-functions/_pouch
unit_file=$DESTDIR/etc/systemd/system/pouchd.service
config_file=$DESTDIR/etc/pouch/config.json

# Files are only laid out for a package or an image: nothing on this host is started, stopped or added.
staged() { [ -n "$DESTDIR" ]; }

has_systemd() { [ -d /run/systemd/system ] && command -v systemctl >/dev/null; }
