import { encodeQuery } from '../query.ts';
import { API_VERSION } from '../version.ts';
import { endpointOf, type Operation, type OperationPath, type OperationQuery } from './table.ts';

export interface UrlOptions<O extends Operation> {
  readonly path: OperationPath<O>;
  readonly query: OperationQuery<O>;
}

/** Path and query of a request, with the version before them. Each name is escaped, save the slashes of image names. */
export function requestUrl<O extends Operation>(operation: O, options: UrlOptions<O>, version = API_VERSION): string {
  const endpoint = endpointOf(operation);
  const names = options.path as Readonly<Record<string, string>>;
  const path = endpoint.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const escaped = encodeURIComponent(names[name] ?? '');
    return endpoint.nameHoldsSlashes ? escaped.replaceAll('%2F', '/') : escaped;
  });
  const text = endpoint.query ? encodeQuery(endpoint.query, options.query) : '';
  return `/v${version}${path}${text ? `?${text}` : ''}`;
}
