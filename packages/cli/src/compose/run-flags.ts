import { portsOfText, type Service, volumeOfText } from '@pouch/compose';

/** `-p` texts in the long syntax of `ports`. */
export function parsePortFlags(texts: readonly string[]): NonNullable<Service['ports']> {
  return texts.flatMap((text) => portsOfText(text));
}

/** `-v` texts in the long syntax of `volumes`. */
export function parseVolumeFlags(texts: readonly string[]): NonNullable<Service['volumes']> {
  return texts.map((text) => volumeOfText(text, process.cwd()));
}
