import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerCreateRequest } from '../schemas/container-create.ts';
import type { ContainerStats } from '../schemas/container-stats.ts';
import { compareVersions, MIN_API_VERSION } from '../version.ts';
import type { OperationBody, OperationPath, OperationQuery, OperationResult } from './table.ts';
import { endpointOf, OPERATIONS } from './table.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

test('an operation knows the types of what it takes and gives', () => {
  const checks: [
    Equal<OperationPath<'ContainerStart'>, { readonly name: string }>,
    Equal<keyof OperationPath<'ContainerList'>, never>,
    Equal<OperationQuery<'ContainerResize'>, { readonly h: number; readonly w: number }>,
    Equal<OperationQuery<'ContainerKill'>['signal'], string | undefined>,
    Equal<OperationQuery<'ContainerList'>['filters'], Record<string, string[]> | undefined>,
    Equal<OperationBody<'ContainerCreate'>, ContainerCreateRequest>,
    Equal<OperationBody<'ContainerStart'>, undefined>,
    Equal<OperationResult<'ContainerStats'>, ContainerStats>,
    Equal<OperationResult<'ContainerStart'>, never>,
  ] = [true, true, true, true, true, true, true, true, true];
  assert.equal(checks.length, 9);
});

test('no two operations share a method and a path', () => {
  const seen = OPERATIONS.map((operation) => `${endpointOf(operation).method} ${endpointOf(operation).path}`);
  assert.equal(new Set(seen).size, seen.length);
});

test('versions in the table are versions', () => {
  for (const operation of OPERATIONS) {
    const { since, query = {} } = endpointOf(operation);
    for (const version of [since, ...Object.values(query).map((field) => field.since)]) {
      if (version !== undefined) assert.ok(compareVersions(version, MIN_API_VERSION) > 0, operation);
    }
  }
});
