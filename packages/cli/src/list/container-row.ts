import type { ContainerSummary } from '@pouch/api';
import { ago, ellipsis, humanSize, listTime, shortenId } from '../output/human.ts';
import type { Row } from '../output/rows.ts';
import { displayPorts } from './ports.ts';

export const CONTAINER_HEADERS = {
  ID: 'CONTAINER ID',
  Image: 'IMAGE',
  Command: 'COMMAND',
  CreatedAt: 'CREATED AT',
  RunningFor: 'CREATED',
  Status: 'STATUS',
  State: 'STATE',
  Ports: 'PORTS',
  Names: 'NAMES',
  Size: 'SIZE',
  Labels: 'LABELS',
  Label: (name: unknown) => String(name).split(/[.-]/).at(-1)?.toUpperCase() ?? '',
  Mounts: 'MOUNTS',
  LocalVolumes: 'LOCAL VOLUMES',
  Networks: 'NETWORKS',
  Platform: 'PLATFORM',
};

export function containerTable(size: boolean): string {
  const columns = ['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Ports', 'Names', ...(size ? ['Size'] : [])];
  return columns.map((name) => `{{.${name}}}`).join('\t');
}

/** A container as `ps` prints it. */
export function containerRow(container: ContainerSummary, truncate: boolean): Row {
  const labels = container.Labels ?? {};
  const names = (container.Names ?? []).map((name) => name.replace(/^\//, ''));
  const shownNames = truncate ? names.filter((name) => !name.includes('/')) : names;
  const mounts = (container.Mounts ?? []).map((mount) => mount.Name || mount.Source);
  const platform = container.ImageManifestDescriptor?.platform;
  return {
    ID: truncate ? shortenId(container.Id) : container.Id,
    Names: (shownNames.length > 0 ? shownNames : names).join(','),
    Image: imageName(container, truncate),
    Command: quote(truncate ? ellipsis(container.Command, 20) : container.Command),
    CreatedAt: listTime(container.Created * 1000),
    RunningFor: ago(container.Created * 1000),
    Ports: displayPorts(container.Ports ?? []),
    State: container.State,
    Status: container.Status,
    Size: sizeText(container),
    Labels: Object.entries(labels)
      .map(([name, value]) => `${name}=${value}`)
      .toSorted()
      .join(','),
    Label: (name: unknown) => labels[String(name)] ?? '',
    Mounts: mounts.map((mount) => (truncate ? ellipsis(mount, 15) : mount)).join(','),
    LocalVolumes: String((container.Mounts ?? []).filter((mount) => mount.Driver === 'local').length),
    Networks: Object.keys(container.NetworkSettings?.Networks ?? {})
      .toSorted()
      .join(','),
    Platform: platform ? [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/') : '',
  };
}

function imageName(container: ContainerSummary, truncate: boolean): string {
  const { Image: image, ImageID: id } = container;
  if (image === '') return '<no image>';
  if (!truncate) return image;
  if (shortenId(id) === shortenId(image) && /^(sha256:)?[\da-f]{12,}$/.test(image)) return shortenId(image);
  return image.replace(/@sha256:[\da-f]{64}$/, '');
}

function sizeText(container: ContainerSummary): string {
  const own = humanSize(container.SizeRw ?? 0);
  const whole = container.SizeRootFs ?? 0;
  return whole > 0 ? `${own} (virtual ${humanSize(whole)})` : own;
}

/** In double quotes, as Go's strconv.Quote. */
function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\t', '\\t').replaceAll('\r', '\\r')}"`;
}
