import { shellWord } from '@pouch/base';

/** CNI specification 1.0.0, as far as buildkitd uses it: ADD and DEL of one interface. */
const CNI_VERSION = '1.0.0';

/** Tries of a twentieth of a second that a step waits for a network: as long as a daemon needs to start again. */
const TRIES = 1200;

export interface StepAddress {
  readonly address: string;
  readonly prefix: number;
  readonly gateway: string;
}

/** The network configuration: our plugin, with nothing to say. */
export function pluginConfig(): string {
  return `${JSON.stringify({ cniVersion: CNI_VERSION, name: 'pouch', type: 'pouch' })}\n`;
}

/** What ADD answers: the interface, and its address. */
export function pluginResult({ address, prefix, gateway }: StepAddress): object {
  return {
    cniVersion: CNI_VERSION,
    interfaces: [{ name: 'eth0', sandbox: 'netns' }],
    ips: [{ address: `${address}/${prefix}`, gateway, interface: 0 }],
    routes: [{ dst: '0.0.0.0/0', gw: gateway }],
  };
}

/**
 * The plugin. A namespace that stands ready is bound over the empty one that buildkitd made, whose own loopback device needs
 * nothing more. The directory is a path of ours, without a quote in it.
 */
export function pluginScript(directory: string): string {
  return `#!/bin/sh
# A CNI plugin: gives a build step one of the networks that pouchd keeps ready. Written anew at each start.
set -u
cd ${shellWord(directory)} || exit 1
cat >/dev/null
case "$CNI_COMMAND" in
VERSION)
  echo '{"cniVersion":"${CNI_VERSION}","supportedVersions":["0.3.0","0.3.1","0.4.0","1.0.0"]}'
  exit 0 ;;
ADD | DEL) ;;
*) exit 0 ;;
esac
# The loopback device is up in every namespace that pouchd makes.
if [ "\${0##*/}" = loopback ]; then
  [ "$CNI_COMMAND" = DEL ] ||
    echo '{"cniVersion":"${CNI_VERSION}","interfaces":[{"name":"lo","sandbox":"netns"}],"ips":[{"address":"127.0.0.1/8","interface":0}]}'
  exit 0
fi
mine="used/$CNI_CONTAINERID"
if [ "$CNI_COMMAND" = DEL ]; then
  [ -e "$mine" ] || exit 0
  umount "$CNI_NETNS" 2>/dev/null
  mv "$mine" "released/$CNI_CONTAINERID"
  exit 0
fi
fail() {
  printf '{"cniVersion":"${CNI_VERSION}","code":%s,"msg":"%s"}\\n' "$1" "$2"
  exit 1
}
tries=0
until [ -e "$mine" ]; do
  for file in free/*; do
    mv "$file" "$mine" 2>/dev/null && break 2
  done
  tries=$((tries + 1))
  [ "$tries" -lt ${TRIES} ] || fail 11 'no network for this build step: pouchd, which makes them, does not answer'
  sleep 0.05
done
{ read -r _; read -r netns; read -r result; } <"$mine"
mount --bind "$netns" "$CNI_NETNS" || fail 5 'the network of this build step could not be given to it'
printf '%s\\n' "$result"
`;
}
