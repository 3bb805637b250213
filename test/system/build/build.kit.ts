import type { JSONMessage } from '@pouch/api';
import type { ImageInspect } from '@pouch/api';
import { PouchError } from '@pouch/base';
import { type Header, pack } from 'tar-stream';
import type { TestDaemon } from '../../harness/test-daemon.ts';

/** A file's content, or a tar header with it. */
export type ContextFile = string | Buffer | (Partial<Header> & { readonly content?: string | Buffer });
export type ContextFiles = Readonly<Record<string, ContextFile>>;

/** A context as a tar archive. */
export async function tarOf(files: ContextFiles): Promise<Buffer> {
  const tar = pack();
  const chunks: Buffer[] = [];
  const collected = (async () => {
    for await (const chunk of tar) chunks.push(chunk as Buffer);
  })();
  for (const [name, file] of Object.entries(files)) {
    const { content = '', ...header } =
      typeof file === 'string' || Buffer.isBuffer(file)
        ? { content: file }
        : (file as Exclude<ContextFile, string | Buffer>);
    tar.entry({ name, mode: 0o644, mtime: new Date(1_700_000_000_000), ...header }, Buffer.from(content));
  }
  tar.finalize();
  await collected;
  return Buffer.concat(chunks);
}

export interface BuildOutcome {
  readonly status: number;
  readonly messages: readonly JSONMessage[];
  /** Everything that came as `stream`. */
  readonly text: string;
  readonly id: string;
  readonly error: string;
  readonly code: number | undefined;
}

/** `POST /build` with these files as the context. */
export async function build(
  daemon: TestDaemon,
  files: ContextFiles | Buffer,
  query: Readonly<Record<string, string | readonly string[]>> = {},
): Promise<BuildOutcome> {
  const body = Buffer.isBuffer(files) ? files : await tarOf(files);
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    for (const one of [value].flat()) parameters.append(name, one as string);
  const headers = { 'Content-Type': 'application/x-tar' };
  const answer = await daemon.api('POST', `/build?${parameters.toString()}`, body, headers);
  return outcomeOf(answer);
}

export function outcomeOf(answer: { readonly status: number; readonly text: string }): BuildOutcome {
  const messages = answer.text
    .split('\r\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as JSONMessage & { message?: string });
  const aux = messages.findLast((message) => message.aux !== undefined)?.aux as { ID?: string } | undefined;
  const failure = messages.find((message) => message.error !== undefined || message.message !== undefined);
  return {
    status: answer.status,
    messages,
    text: messages.map((message) => message.stream ?? '').join(''),
    id: aux?.ID ?? '',
    error: failure?.error ?? failure?.message ?? '',
    code: failure?.errorDetail?.code,
  };
}

/** As `build`, throwing unless an image came out. */
export async function built(
  daemon: TestDaemon,
  files: ContextFiles,
  query: Readonly<Record<string, string | readonly string[]>> = {},
): Promise<BuildOutcome> {
  const outcome = await build(daemon, files, query);
  if (outcome.error !== '' || outcome.id === '') {
    throw new PouchError('internal', `the build failed: ${outcome.error}\n${outcome.text}\n${daemon.log(5)}`);
  }
  return outcome;
}

export async function inspectImage(daemon: TestDaemon, name: string): Promise<ImageInspect> {
  return (await daemon.ok('GET', `/images/${name}/json`)).json as ImageInspect;
}

/** What a shell prints in a container of the image. */
export async function inside(daemon: TestDaemon, image: string, script: string): Promise<string> {
  return await daemon.run(['--network', 'none', '--entrypoint', 'sh', image, '-c', script]);
}
