import assert from 'node:assert/strict';
import { test } from 'node:test';
import { displayPorts } from '../list/ports.ts';
import { apiTime } from './api-time.ts';
import { humanDuration, humanSize } from './human.ts';
import { renderRows } from './rows.ts';
import { formatTable } from './table.ts';

test('columns are at least ten wide and three apart', () => {
  assert.equal(
    formatTable([
      ['A', 'LONG HEADER', 'Z'],
      ['1', 'x', 'y'],
    ]),
    'A         LONG HEADER   Z\n1         x             y\n',
  );
});

test('durations', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, 'Less than a second'],
    [1, '1 second'],
    [59, '59 seconds'],
    [61, 'About a minute'],
    [3600, 'About an hour'],
    [7200, '2 hours'],
    [86400 * 3, '3 days'],
    [86400 * 21, '3 weeks'],
    [86400 * 90, '3 months'],
    [86400 * 800, '2 years'],
  ];
  for (const [seconds, text] of cases) assert.equal(humanDuration(seconds * 1000), text);
});

test('sizes', () =>
  assert.deepEqual(
    [0, 999, 1000, 4261550, 1.2e12].map((size) => humanSize(size)),
    ['0B', '999B', '1kB', '4.26MB', '1.2TB'],
  ));

test('neighbouring ports that map to themselves are one range', () => {
  const port = (PrivatePort: number, PublicPort?: number, IP?: string) => ({
    PrivatePort,
    Type: 'tcp',
    ...(PublicPort !== undefined && { PublicPort }),
    ...(IP !== undefined && { IP }),
  });
  assert.equal(
    displayPorts([port(80, 8080, '0.0.0.0'), port(80, 8080, '::')]),
    '0.0.0.0:8080->80/tcp, [::]:8080->80/tcp',
  );
  assert.equal(displayPorts([port(82), port(80), port(81), port(90)]), '80-82/tcp, 90/tcp');
  assert.equal(displayPorts([port(8, 8, '0.0.0.0'), port(9, 9, '0.0.0.0')]), '0.0.0.0:8-9->8-9/tcp');
});

test('rows: table, JSON and templates', () => {
  const options = { format: '', table: '{{.ID}}\t{{.Name}}', headers: { ID: 'ID', Name: 'NAME' } };
  const rows = [{ Name: 'n', ID: '1', Label: (key: unknown) => `l-${String(key)}` }];
  assert.equal(renderRows(rows, options), 'ID        NAME\n1         n\n');
  assert.equal(renderRows(rows, { ...options, format: 'json' }), '{"ID":"1","Name":"n"}\n');
  assert.equal(renderRows(rows, { ...options, format: '{{json .}} {{.Label "x"}}' }), '{"ID":"1","Name":"n"} l-x\n');
  assert.equal(renderRows(rows, { ...options, format: 'table {{.Name}}\\t{{.ID}}' }), 'NAME      ID\nn         1\n');
  assert.throws(() => renderRows(rows, { ...options, format: '{{.Nope}}' }), /can't evaluate field Nope/);
});

test('moments', () => {
  assert.equal(apiTime('10m', 1_000_000_000), '999400.000000000');
  assert.equal(apiTime('1700000000.5'), '1700000000.5');
  assert.equal(apiTime('2026-01-02T03:04:05.5Z'), '1767323045.500000000');
  assert.throws(() => apiTime('yesterday'), /invalid time/);
});
