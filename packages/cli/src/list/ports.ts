import type { ContainerSummary } from '@pouch/api';

type Port = ContainerSummary['Ports'][number];

/** The PORTS column: mappings, and neighbouring ports that map to themselves as one range. */
export function displayPorts(ports: readonly Port[]): string {
  const sorted = ports.toSorted(
    (a, b) =>
      a.PrivatePort - b.PrivatePort ||
      compare(a.IP ?? '', b.IP ?? '') ||
      (a.PublicPort ?? 0) - (b.PublicPort ?? 0) ||
      compare(a.Type, b.Type),
  );
  const single: string[] = [];
  const groups = new Map<string, { start: number; end: number; port: Port }[]>();
  for (const port of sorted) {
    if (port.IP && port.PublicPort !== port.PrivatePort) {
      single.push(`${address(port.IP)}:${port.PublicPort}->${port.PrivatePort}/${port.Type}`);
      continue;
    }
    const key = `${port.IP ?? ''}/${port.Type}`;
    const ranges = groups.get(key) ?? [];
    const last = ranges.at(-1);
    if (last && port.PrivatePort - last.end <= 1) last.end = port.PrivatePort;
    else ranges.push({ start: port.PrivatePort, end: port.PrivatePort, port });
    groups.set(key, ranges);
  }
  const grouped = [...groups.values()].flat().map(({ start, end, port }) => {
    const range = start === end ? String(start) : `${start}-${end}`;
    return `${port.IP ? `${address(port.IP)}:${range}->` : ''}${range}/${port.Type}`;
  });
  return [...grouped, ...single].join(', ');
}

function address(ip: string): string {
  return ip.includes(':') ? `[${ip}]` : ip;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
