import type { ImageInspect } from '@pouch/api';
import { isErrorCode, parseDuration, PouchError } from '@pouch/base';
import { imageOf } from '../project/image-of.ts';
import type { Service } from '../project/project.ts';
import { buildImage } from './build.ts';
import { splitReference, throwReported } from './image-stream.ts';
import { PullMeter } from './pull-meter.ts';
import { all, type Session } from './session.ts';

export interface ImageOptions {
  /** Build what can be built, although its image is there. */
  readonly build: boolean;
  readonly noBuild?: boolean;
  /** `--pull`: goes before the services' own policies. */
  readonly pull?: string;
  readonly quiet?: boolean;
}

/** Have the images of these services here: built or pulled. Returns the id of each by its name. */
export async function ensureImages(
  session: Session,
  services: readonly Service[],
  options: ImageOptions,
): Promise<ReadonlyMap<string, string>> {
  const ids = new Map<string, string>();
  const seen = new Map<string, Promise<void>>();
  await all(
    services.map((service) => {
      const image = imageOf(session.project, service);
      let work = seen.get(image);
      if (!work) {
        work = ensureImage(session, service, image, options).then((id) => void ids.set(image, id));
        seen.set(image, work);
      }
      return work;
    }),
  );
  return ids;
}

async function ensureImage(session: Session, service: Service, image: string, options: ImageOptions): Promise<string> {
  const policy = options.pull ?? service.pull_policy ?? 'missing';
  const present = await inspect(session, image);
  const mayBuild = service.build !== undefined && options.noBuild !== true;
  if (mayBuild && (options.build || policy === 'build' || (!present && service.image === undefined))) {
    return await buildImage(session, service, image);
  }
  if (present && !isDue(policy, present)) return present.Id;
  if (policy === 'never' && !mayBuild) {
    throw new PouchError('not-found', `no such image: ${image}, and the pull policy of ${service.name} is never`);
  }
  if (mayBuild && policy !== 'always') return await buildImage(session, service, image);
  if (service.build !== undefined && service.image === undefined) {
    throw new PouchError(
      'not-found',
      `image ${image} of service ${service.name} is not built, and --no-build was given`,
    );
  }
  await pullImage(session, image, service.platform ?? '', options.quiet ?? false);
  return (await session.client.images.inspect(image)).Id;
}

/** Whether the policy wants the image pulled although it is here. */
function isDue(policy: string, image: ImageInspect): boolean {
  if (policy === 'always') return true;
  const every = { daily: '24h', weekly: '168h' }[policy] ?? /^every_(.+)$/.exec(policy)?.[1];
  if (every === undefined) return false;
  const span = every.replace(
    /(\d+)([dw])/g,
    (_, count: string, unit: string) => `${Number(count) * (unit === 'd' ? 24 : 168)}h`,
  );
  return Date.now() - Date.parse(image.Metadata?.LastTagTime ?? '') > parseDuration(span);
}

async function inspect(session: Session, image: string): Promise<ImageInspect | undefined> {
  try {
    return await session.client.images.inspect(image);
  } catch (error) {
    if (isErrorCode(error, 'not-found')) return undefined;
    throw error;
  }
}

/** Pull an image, its progress told as one thing. */
export async function pullImage(session: Session, image: string, platform: string, quiet: boolean): Promise<void> {
  const id = `Image ${image}`;
  session.progress.step(id, 'Pulling', 'working');
  try {
    await session.limit.run(async () => {
      const { name, tag } = splitReference(image);
      const auth = await session.credentials(image);
      const stream = await session.client.images.pull(name, tag, {
        platform,
        signal: session.signal,
        ...(auth && { auth }),
      });
      const meter = new PullMeter();
      for await (const message of stream) {
        throwReported(message);
        if (meter.take(message) && !quiet) session.progress.step(id, 'Pulling', 'working', meter.toString());
      }
    });
    session.progress.step(id, 'Pulled', 'done');
  } catch (error) {
    session.progress.step(id, 'Error', 'error', error instanceof Error ? (error.message.split('\n')[0] ?? '') : '');
    throw error;
  }
}
