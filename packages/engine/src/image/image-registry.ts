import type { AuthConfig, DistributionInspect, ImageSearchResult } from '@pouch/api';
import { PouchError } from '@pouch/base';
import { DEFAULT_DOMAIN, parseReference, withDefaultTag } from '@pouch/oci';
import { type RegistryClient, registryDomain } from '@pouch/registry';
import { booleanFilter } from './image-filters.ts';
import { apiDescriptor, apiPlatform } from './api-descriptor.ts';
import type { Filters } from './image-service.ts';

const SEARCH_LIMIT = 25;
const SEARCH_FILTERS: ReadonlySet<string> = new Set(['is-automated', 'is-official', 'stars']);

/** What is only asked of registries, and touches no image here. */
export class ImageRegistry {
  readonly #registry: RegistryClient;

  constructor(registry: RegistryClient) {
    this.#registry = registry;
  }

  /** `term` may name a registry in front: `registry.example:5000/app`. Docker Hub without one. */
  async search(
    term: string,
    options: { readonly limit?: number; readonly filters?: Filters; readonly auth?: AuthConfig },
  ): Promise<ImageSearchResult[]> {
    const filters = options.filters ?? {};
    for (const name of Object.keys(filters)) {
      if (!SEARCH_FILTERS.has(name)) throw new PouchError('invalid-argument', `invalid filter '${name}'`);
    }
    const limit = options.limit || SEARCH_LIMIT;
    if (limit < 1 || limit > 100) {
      throw new PouchError('invalid-argument', `limit ${limit} is outside the range of [1, 100]`);
    }
    if (term.includes('://')) throw new PouchError('invalid-argument', `invalid repository name (${term})`);
    const slash = term.indexOf('/');
    const first = slash < 0 ? '' : term.slice(0, slash);
    const isDomain = /[.:]/.test(first) || first === 'localhost';
    const domain = isDomain ? registryDomain(first) : DEFAULT_DOMAIN;
    const words = isDomain ? term.slice(slash + 1) : term;
    const found = await this.#registry.search(domain, words.replace(/^library\//, ''), limit, {
      credentials: options.auth,
    });
    const official = booleanFilter(filters, 'is-official');
    const automated = booleanFilter(filters, 'is-automated');
    const stars = Math.max(0, ...(filters.stars ?? []).map(starCount));
    return found.filter(
      (result) =>
        (official === undefined || result.is_official === official) &&
        (automated === undefined || result.is_automated === automated) &&
        result.star_count >= stars,
    );
  }

  async distribution(reference: string, auth?: AuthConfig): Promise<DistributionInspect> {
    const parsed = withDefaultTag(parseReference(reference));
    const { descriptor, platforms } = await this.#registry.inspectDistribution(parsed, { credentials: auth });
    return { Descriptor: apiDescriptor(descriptor), Platforms: platforms.map((platform) => apiPlatform({ platform })) };
  }

  async login(auth: AuthConfig): Promise<{ Status: string; IdentityToken?: string }> {
    const result = await this.#registry.login(registryDomain(auth.serveraddress ?? ''), { credentials: auth });
    return {
      Status: 'Login Succeeded',
      ...(result.identityToken !== undefined && { IdentityToken: result.identityToken }),
    };
  }
}

function starCount(text: string): number {
  if (!/^\d+$/.test(text)) throw new PouchError('invalid-argument', `invalid filter 'stars=[${text}]'`);
  return Number(text);
}
