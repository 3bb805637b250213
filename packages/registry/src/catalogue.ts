import { PouchError } from '@pouch/base';
import { DEFAULT_DOMAIN, type ImageReference, JsonReader } from '@pouch/oci';
import { RegistryFailure } from './failure.ts';
import { readBody } from './http.ts';
import { pullScope } from './scope.ts';
import type { Session, SessionRequest } from './session.ts';
import { DOCKER_HUB_INDEX } from './settings.ts';

const PAGE_LIMIT = 8 * 1024 * 1024;
/** Pages of a listing that are followed. */
const MAX_PAGES = 1_000;

/** One hit of a search, in the shape of Docker's API. */
export interface SearchResult {
  readonly name: string;
  readonly description: string;
  readonly star_count: number;
  readonly is_official: boolean;
  readonly is_automated: boolean;
}

/** All tags of a repository. */
export async function listTags(session: Session, reference: ImageReference): Promise<string[]> {
  const request = { scopes: [pullScope(reference)], what: `tags of ${reference.domain}/${reference.path}` };
  const pages = listing(session, `v2/${reference.path}/tags/list?n=1000`, 'tags', request);
  return (await Array.fromAsync(pages)).flat();
}

/** Search as Docker Hub does it; a registry without a search of its own has its catalogue filtered. `limit` results at most. */
export async function searchImages(session: Session, term: string, limit: number): Promise<SearchResult[]> {
  const isHub = session.endpoint.domain === DEFAULT_DOMAIN;
  try {
    const query = new URLSearchParams({ q: term, n: String(limit) });
    const target = isHub ? new URL(`${DOCKER_HUB_INDEX}/v1/search?${query}`) : `v1/search?${query}`;
    const what = `search for ${JSON.stringify(term)}`;
    const response = await session.send({ method: 'GET', target, scopes: [], accept: [200], what });
    const reader = JsonReader.parse(await readBody(response, PAGE_LIMIT), PAGE_LIMIT, 'search result');
    return reader.get('results').array().map(readResult).slice(0, limit);
  } catch (error) {
    if (isHub || !(error instanceof RegistryFailure) || error.status === 401) throw error;
    return await searchCatalogue(session, term, limit);
  }
}

async function searchCatalogue(session: Session, term: string, limit: number): Promise<SearchResult[]> {
  const found: SearchResult[] = [];
  const request = { scopes: ['registry:catalog:*'], what: `catalogue of ${session.host}` };
  for await (const names of listing(session, 'v2/_catalog?n=1000', 'repositories', request)) {
    for (const name of names) {
      if (!name.toLowerCase().includes(term.toLowerCase())) continue;
      found.push({ name, description: '', star_count: 0, is_official: false, is_automated: false });
      if (found.length >= limit) return found;
    }
  }
  return found;
}

/** The pages of a listing, by its `Link: <…>; rel="next"` headers, which must stay with the registry. */
async function* listing(
  session: Session,
  first: string,
  key: string,
  request: Pick<SessionRequest, 'scopes' | 'what'>,
): AsyncGenerator<string[]> {
  let target: string | URL = first;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const response = await session.send({ ...request, method: 'GET', target, accept: [200] });
    const reader = JsonReader.parse(await readBody(response, PAGE_LIMIT), PAGE_LIMIT, request.what);
    yield reader.get(key).strings(100_000);
    const link = /<([^>]+)>\s*;\s*rel="?next"?/.exec(String(response.headers.link ?? ''))?.[1];
    if (link === undefined) return;
    const next: URL | undefined = URL.canParse(link, response.url.href) ? new URL(link, response.url) : undefined;
    if (next?.origin !== session.endpoint.base.origin) {
      throw new PouchError('upstream', `${session.host} continues its listing at another host, which is refused`);
    }
    target = next;
  }
}

function readResult(reader: JsonReader): SearchResult {
  return {
    name: reader.get('name').string(),
    description: reader.get('description').optionalString() ?? '',
    star_count: reader.get('star_count').optional((stars) => stars.integer()) ?? 0,
    is_official: reader.get('is_official').optional((value) => value.boolean()) ?? false,
    is_automated: reader.get('is_automated').optional((value) => value.boolean()) ?? false,
  };
}
