# The image pouch/hello, made of this host's busybox, so that no registry is needed.
# shellcheck shell=bash
# Needs ROOT.

# ensure_hello_image: make it, unless it is there and made of the same files.
ensure_hello_image() {
  local pouch="$ROOT/dist/pouch" busybox made_of have
  busybox=$(command -v busybox) || return 1
  made_of=$(cat "$busybox" "$ROOT/scripts/hello/hello" "$ROOT/scripts/lib/hello-image.sh" | sha256sum | cut -c 1-16)
  have=$("$pouch" image inspect --format '{{index .Config.Labels "pouch.made-of"}}' pouch/hello 2>/dev/null) || have=''
  if [ "$have" = "$made_of" ]; then note 'is there'; return 0; fi

  local directory
  directory=$(mktemp -d)
  hello_root "$directory" "$busybox" &&
    tar -C "$directory" --sort=name --owner=0 --group=0 --numeric-owner -cf "$directory.tar" . &&
    "$pouch" import --message 'busybox of this host' --change 'CMD ["hello"]' \
      --change 'ENV PATH=/bin:/usr/bin:/sbin:/usr/sbin' --change "LABEL pouch.made-of=$made_of" \
      "$directory.tar" pouch/hello:latest
  local status=$?
  rm -rf "$directory" "$directory.tar"
  note "made of $busybox"
  return $status
}

# hello_root DIRECTORY BUSYBOX: a root file system with every applet.
hello_root() {
  local root=$1
  chmod 755 "$root"
  mkdir -p "$root"/{bin,etc,home,root,tmp,var/www} && chmod 1777 "$root/tmp" || return 1
  cp "$2" "$root/bin/busybox" && install -m 755 "$ROOT/scripts/hello/hello" "$root/bin/hello" || return 1
  "$2" --list | grep -v '^busybox$' | (cd "$root/bin" && xargs -I{} ln -s busybox {}) || return 1
  echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
  echo 'root:x:0:' >"$root/etc/group"
  echo 'This page comes from a container.' >"$root/var/www/index.html"
}
