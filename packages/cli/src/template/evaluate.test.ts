import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileTemplate } from './evaluate.ts';

const data = {
  Name: 'web',
  Size: 3,
  On: true,
  List: ['a', 'b'],
  Labels: { x: '1', y: '2' },
  Nothing: null,
  State: { Status: 'running' },
  Label: (name: unknown) => `<${String(name)}>`,
};

const cases: readonly (readonly [string, string])[] = [
  ['{{.Name}}/{{.State.Status}}', 'web/running'],
  ['{{.Missing}}', '<no value>'],
  ['{{.Labels}} {{.List}} {{.Nothing}}', 'map[x:1 y:2] [a b] <nil>'],
  ['{{json .Labels}}', '{"x":"1","y":"2"}'],
  ['{{if .On}}yes{{else}}no{{end}}', 'yes'],
  ['{{if eq .Size 1}}a{{else if gt .Size 2}}b{{else}}c{{end}}', 'b'],
  ['{{range $i, $v := .List}}{{$i}}={{$v}};{{end}}', '0=a;1=b;'],
  ['{{range $k, $v := .Labels}}{{$k}}={{$v}} {{end}}', 'x=1 y=2 '],
  ['{{range .Nothing}}x{{else}}none{{end}}', 'none'],
  ['{{range .List}}{{if eq . "b"}}{{break}}{{end}}{{.}}{{end}}', 'a'],
  ['{{with .State}}{{.Status}} {{$.Name}}{{end}}', 'running web'],
  ['{{index .Labels "x"}}{{index .List 1}}', '1b'],
  ['{{len .List}} {{len .Name}}', '2 3'],
  ['{{printf "%-5s|%03d|%q|%.2f" .Name .Size .Name 1.5}}', 'web  |003|"web"|1.50'],
  ['{{.Name | upper | printf "%s!"}}', 'WEB!'],
  ['{{join .List ","}} {{title "ab cd"}} {{truncate "abc" 2}} {{pad "x" 1 2}}|', 'a,b Ab Cd ab  x  |'],
  ['{{index (split "a:b" ":") 1}}', 'b'],
  ['{{$n := 1}}{{if true}}{{$n = 2}}{{end}}{{$n}}', '2'],
  ['a {{- "b" -}} c', 'abc'],
  ['{{/* nothing */}}x', 'x'],
  ['{{define "t"}}<{{.}}>{{end}}{{template "t" .Name}}', '<web>'],
  ['{{.Label "k"}} {{"k" | .Label}}', '<k> <k>'],
  ['{{and .On .Name}} {{or "" .Size}} {{not .On}}', 'web 3 false'],
  ['{{println "a" 1}}', 'a 1\n'],
];

for (const [source, expected] of cases) {
  test(source, () => assert.equal(compileTemplate(source)(data), expected));
}

test('errors say where', () => {
  assert.throws(() => compileTemplate('{{.Foo'), /template: :1: unclosed action/);
  assert.throws(() => compileTemplate('{{if .X}}'), /unexpected EOF/);
  assert.throws(() => compileTemplate('{{nope .X}}'), /function "nope" not defined/);
  assert.throws(() => compileTemplate('{{end}}'), /unexpected {{end}}/);
  assert.throws(() => compileTemplate('{{.Name.X}}')(data), /executing "" at <\.Name\.X>: can't evaluate field X/);
});

test('inherited properties are no fields', () => {
  assert.equal(compileTemplate('{{.constructor}}')({}), '<no value>');
});
