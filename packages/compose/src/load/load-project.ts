import { dirname, resolve } from 'node:path';
import { PouchError } from '@pouch/base';
import { checkForCircles } from '../project/dependencies.ts';
import type { Project, ProjectFile, ProjectNetwork, ProjectVolume, Service } from '../project/project.ts';
import { checkProjectName, nameOfDirectory } from '../project/project-name.ts';
import { splitByProfiles } from '../project/select.ts';
import { ComposeFile } from '../schema/service.ts';
import type { Static } from '../schema/type.ts';
import { Problems } from '../tree/problems.ts';
import { readYaml } from '../tree/read-yaml.ts';
import { type MapNode, scalar, textOf, type Tree, withEntry } from '../tree/tree.ts';
import { defaultEnvFiles, projectVariables } from '../variables/environment.ts';
import { interpolate } from '../variables/interpolate.ts';
import { checkReferences } from './check-references.ts';
import { findComposeFiles } from './find-files.ts';
import { loadTree } from './load-tree.ts';
import { displayName, readComposeText } from './read-file.ts';
import { resolveService } from './resolve-service.ts';

export interface LoadOptions {
  /** `-f`, in order; without any, COMPOSE_FILE, then the files that are found from `cwd` upwards. */
  readonly files: readonly string[];
  /** `-p`. */
  readonly name?: string;
  /** `--project-directory`. */
  readonly directory?: string;
  /** `--env-file`, in order. */
  readonly envFiles: readonly string[];
  /** `--profile`; COMPOSE_PROFILES counts too. */
  readonly profiles: readonly string[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly noInterpolation?: boolean;
}

/** Where a project's files are, before they are read. */
export interface ProjectPlace {
  readonly files: readonly string[];
  readonly directory: string;
  readonly envFiles: readonly string[];
  readonly variables: ReadonlyMap<string, string>;
}

/** Find a project's files, its directory and the variables. Throws not-found where there are no files. */
export function locateProject(options: LoadOptions): ProjectPlace {
  const early = environmentWithDotenv(options);
  const named = options.files.length > 0 ? options.files : composeFileVariable(early);
  const files =
    named.length > 0
      ? named.map((path) => (path === '-' ? path : resolve(options.cwd, path)))
      : findComposeFiles(options.directory === undefined ? options.cwd : resolve(options.cwd, options.directory));
  const first = files[0] ?? '-';
  const directory =
    options.directory !== undefined
      ? resolve(options.cwd, options.directory)
      : first === '-'
        ? options.cwd
        : dirname(first);
  const envFiles = envFilesOf(options, directory);
  return { files, directory, envFiles, variables: projectVariables(options.environment, envFiles) };
}

/** The variables that say where the files are may stand in `.env` themselves. */
function environmentWithDotenv(options: LoadOptions): ReadonlyMap<string, string> {
  const directory = options.directory === undefined ? options.cwd : resolve(options.cwd, options.directory);
  return projectVariables(options.environment, envFilesOf(options, directory));
}

function envFilesOf(options: LoadOptions, directory: string): string[] {
  const { environment } = options;
  const named = options.envFiles.length > 0 ? options.envFiles : (environment['COMPOSE_ENV_FILES'] ?? '').split(',');
  const given = named.filter((path) => path !== '').map((path) => resolve(options.cwd, path));
  if (given.length > 0) return given;
  return /^(1|true)$/i.test(environment['COMPOSE_DISABLE_ENV_FILE'] ?? '') ? [] : defaultEnvFiles(directory);
}

function composeFileVariable(variables: ReadonlyMap<string, string>): string[] {
  const value = variables.get('COMPOSE_FILE') ?? '';
  const separator = variables.get('COMPOSE_PATH_SEPARATOR') || ':';
  return value.split(separator).filter((path) => path !== '');
}

/**
 * Load a project: find, read, fill in, extend, include, merge, check, and work out what follows. Throws invalid-argument
 * with a line `file:line:column: what is wrong` per fault.
 */
export function loadProject(options: LoadOptions): Project {
  const place = locateProject(options);
  const { files, directory, envFiles } = place;
  const variables = new Map(place.variables);
  const name = projectName(options, place);
  variables.set('COMPOSE_PROJECT_NAME', name);
  const problems = new Problems();
  const lookup = (key: string): string | undefined => variables.get(key);
  const tree = loadTree({
    files,
    directory,
    lookup,
    problems,
    ...(options.noInterpolation && { noInterpolation: true }),
  });
  const file = ComposeFile.decode(withEntry(tree, 'name', scalar(name, tree.at)), '', problems);
  problems.throwIfAny();
  if (!file) throw new PouchError('internal', `reading ${files.join(', ')} gave nothing`);
  const profiles = [...options.profiles, ...(variables.get('COMPOSE_PROFILES') ?? '').split(',')].filter(
    (one) => one !== '',
  );
  const project = assemble(file, { name, files, directory, envFiles, variables, profiles, problems, tree });
  checkReferences(project, tree, problems);
  problems.throwIfAny();
  checkForCircles(project.services);
  return { ...project, warnings: problems.warnings };
}

interface Parts extends Omit<ProjectPlace, 'variables'> {
  readonly name: string;
  readonly variables: ReadonlyMap<string, string>;
  readonly profiles: readonly string[];
  readonly problems: Problems;
  readonly tree: Tree;
}

function assemble(file: Static<typeof ComposeFile>, parts: Parts): Project {
  const { name, files, directory, envFiles, variables, profiles } = parts;
  const lookup = (key: string): string | undefined => variables.get(key);
  const services = new Map<string, Service>();
  for (const [key, spec] of Object.entries(file.services ?? {})) {
    if (!/^[a-zA-Z0-9._-]+$/.test(key)) {
      parts.problems.error(parts.tree.at, `services: '${key}' is no name for a service (letters, digits, ., _ and -)`);
    }
    services.set(key, resolveService(key, spec, lookup));
  }
  const { enabled, disabled } = splitByProfiles(services, profiles);
  const networks = new Map<string, ProjectNetwork>();
  const declared = file.networks ?? {};
  const implied: typeof declared = [...services.values()].some((service) => 'default' in service.networks)
    ? { default: null }
    : {};
  for (const [key, spec] of Object.entries({ ...implied, ...declared })) {
    networks.set(key, { ...spec, key, name: spec?.name ?? (spec?.external ? key : `${name}_${key}`) });
  }
  const volumes = new Map<string, ProjectVolume>();
  for (const [key, spec] of Object.entries(file.volumes ?? {})) {
    volumes.set(key, { ...spec, key, name: spec?.name ?? (spec?.external ? key : `${name}_${key}`) });
  }
  const filesOf = (section: typeof file.secrets): Map<string, ProjectFile> =>
    new Map(Object.entries(section ?? {}).map(([key, spec]) => [key, { ...spec, key }]));
  return {
    name,
    directory,
    files,
    envFiles,
    services: enabled,
    disabled,
    networks,
    volumes,
    secrets: filesOf(file.secrets),
    configs: filesOf(file.configs),
    variables,
    warnings: [],
  };
}

/** `-p`, COMPOSE_PROJECT_NAME, the files' `name`, the directory's name: the first there is. */
export function projectName(options: LoadOptions, place: ProjectPlace): string {
  const given = options.name || place.variables.get('COMPOSE_PROJECT_NAME');
  if (given) return checkProjectName(given);
  let named: string | undefined;
  for (const path of place.files) {
    for (const document of readYaml(readComposeText(path), displayName(path))) named = nameIn(document, place) ?? named;
  }
  if (named !== undefined) return checkProjectName(named);
  const name = nameOfDirectory(place.directory);
  if (name !== undefined) return name;
  throw new PouchError(
    'invalid-argument',
    `the directory ${place.directory} gives no project name; name the project with -p or COMPOSE_PROJECT_NAME`,
  );
}

function nameIn(document: MapNode, place: ProjectPlace): string | undefined {
  const text = textOf(document, 'name');
  return text === undefined ? undefined : interpolate(text, (key) => place.variables.get(key));
}
