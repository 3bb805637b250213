# A link at the path where Docker's clients look for their daemon. Never anything but a link of ours is replaced or removed.
# shellcheck shell=bash

docker_socket=${docker_socket:-$(readlink -f /var/run)/docker.sock}
tmpfiles=${tmpfiles:-$DESTDIR/etc/tmpfiles.d/pouch-docker-socket.conf}

# What the link of an earlier installation leads to; nothing where there is none.
linked_before() {
  [ -e "$tmpfiles" ] && awk '$1 == "L" { print $7 }' "$tmpfiles"
}

# may_link TARGET: nothing is there, or a link of Pouch's.
may_link() {
  local found
  if [ ! -e "$docker_socket" ] && [ ! -L "$docker_socket" ]; then return 0; fi
  found=$(readlink "$docker_socket") || { echo "$docker_socket is there and no link: it is another engine's."; return 1; }
  [ "$found" = "$1" ] || [ "$found" = "$(linked_before)" ] || { echo "$docker_socket leads to $found already."; return 1; }
}

# link_docker_socket TARGET: now, and at each boot, which empties the directory.
link_docker_socket() {
  may_link "$1" || return 1
  mkdir -p "$(dirname "$tmpfiles")" || return 1
  printf '# Docker clients find Pouch here. L leaves what is there as it is.\nL %s - - - - %s\n' "$docker_socket" "$1" \
    >"$tmpfiles.new" && mv -f "$tmpfiles.new" "$tmpfiles" || return 1
  staged || ln -sfn "$1" "$docker_socket"
}

unlink_docker_socket() {
  local target
  target=$(linked_before) || return 0
  if ! staged && [ "$(readlink "$docker_socket")" = "$target" ]; then rm -f "$docker_socket" || return 1; fi
  rm -f "$tmpfiles"
}
