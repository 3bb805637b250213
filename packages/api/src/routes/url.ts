import { encodeQuery } from '../query.ts';
import { API_VERSION } from '../version.ts';
import { endpointOf, type Operation, type OperationPath, type OperationQuery } from './table.ts';

type Needed<K extends string, T> =
  Record<never, never> extends T ? { readonly [N in K]?: T } : { readonly [N in K]: T };

/** The values of path and query; either may be left out where the operation needs nothing of it. */
export type UrlOptions<O extends Operation> = Needed<'path', OperationPath<O>> & Needed<'query', OperationQuery<O>>;

/** Path and query of a request, with the version before them. Each name is escaped, save the slashes of image names. */
export function requestUrl<O extends Operation>(operation: O, options: UrlOptions<O>, version = API_VERSION): string {
  const endpoint = endpointOf(operation);
  const given: {
    readonly path?: Readonly<Record<string, string>>;
    readonly query?: Readonly<Record<string, unknown>>;
  } = options;
  const names = given.path ?? {};
  const path = endpoint.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const escaped = encodeURIComponent(names[name] ?? '');
    return endpoint.nameHoldsSlashes ? escaped.replaceAll('%2F', '/') : escaped;
  });
  const text = endpoint.query ? encodeQuery(endpoint.query, given.query ?? {}) : '';
  return `/v${version}${path}${text ? `?${text}` : ''}`;
}
