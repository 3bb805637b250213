import { errorMessage, isErrorCode, PouchError, Semaphore } from '@pouch/base';
import {
  checkProjectName,
  enableNamed,
  type LoadOptions,
  loadProject,
  observe,
  type Progress,
  type Project,
  projectOfContainers,
  type Session,
} from '@pouch/compose';
import type { Context } from '../app/context.ts';
import { allCredentials, credentialsFor, credentialsOf } from '../auth/credentials.ts';
import { onInterrupt } from '../stream/signals.ts';
import type { ComposeFlags } from './flags.ts';
import { LiveProgress } from './live-progress.ts';
import { PlainProgress, QuietProgress } from './plain-progress.ts';

const NO_LIMIT = 1000;

export interface SessionOptions {
  /** Above the progress: what is being done. */
  readonly title: string;
  /** Services named on the command line: enabled whatever their profiles are. */
  readonly services?: readonly string[];
  /** Without files, the project may be made of its containers' labels. */
  readonly fromContainers?: boolean;
  /** Show no steps. */
  readonly quiet?: boolean;
  /** Set where interrupts mean something of its own. */
  readonly keepInterrupts?: boolean;
}

/** A session with what it holds; dispose of it to end the progress. */
export interface OpenSession extends Session, Disposable {
  /** End the progress now, so that other output may follow; what comes later is shown as lines. */
  endProgress(): void;
}

export function composeFlags(context: Context): ComposeFlags {
  return context.groupFlags as ComposeFlags;
}

export function loadOptions(context: Context): LoadOptions {
  const flags = composeFlags(context);
  const directory = flags['project-directory'] || flags.workdir;
  return {
    files: flags.file,
    envFiles: flags['env-file'],
    profiles: flags.profile,
    cwd: process.cwd(),
    environment: process.env,
    ...(flags['project-name'] && { name: flags['project-name'] }),
    ...(directory && { directory }),
  };
}

/** Load the project of the flags, and say what its files only warn of. */
export function loadFrom(
  context: Context,
  services: readonly string[] = [],
  more: Pick<LoadOptions, 'noInterpolation'> = {},
): Project {
  const project = loadProject({ ...loadOptions(context), ...more });
  for (const warning of project.warnings) context.warn(`WARN ${warning}`);
  return services.length > 0 ? enableNamed(project, services) : project;
}

/** The project, its daemon, and a progress: what the commands work with. */
export async function openSession(context: Context, options: SessionOptions): Promise<OpenSession> {
  const project = await findProject(context, options);
  const flags = composeFlags(context);
  const limit = Number(process.env['COMPOSE_PARALLEL_LIMIT'] || flags.parallel);
  const abort = new AbortController();
  const interrupts = options.keepInterrupts
    ? undefined
    : onInterrupt(() => abort.abort(new PouchError('cancelled', 'interrupted')));
  const progress = new SwitchedProgress(makeProgress(context, flags, options));
  return {
    client: context.client,
    project,
    progress,
    limit: new Semaphore(limit > 0 ? limit : NO_LIMIT),
    signal: abort.signal,
    credentials: async (image) => await credentialsFor(context, image),
    credentialsOf: async (server) => await credentialsOf(context, server),
    allCredentials: async () => await allCredentials(context),
    endProgress: () => progress.change(new PlainProgress(context.stderr)),
    [Symbol.dispose]: () => {
      progress.change(new QuietProgress(context.stderr));
      interrupts?.[Symbol.dispose]();
    },
  };
}

async function findProject(context: Context, options: SessionOptions): Promise<Project> {
  const flags = composeFlags(context);
  const name = flags['project-name'] || process.env['COMPOSE_PROJECT_NAME'];
  if (options.fromContainers && name && flags.file.length === 0) {
    try {
      return loadFrom(context, options.services);
    } catch (error) {
      if (!isErrorCode(error, 'not-found') || !errorMessage(error).startsWith('no Compose file found')) throw error;
      return projectOfContainers(checkProjectName(name), await observe(context.client, name));
    }
  }
  return loadFrom(context, options.services);
}

type Shown = Progress & Disposable;

function makeProgress(context: Context, flags: ComposeFlags, options: SessionOptions): Shown {
  const kind = flags.progress === 'auto' ? (process.env['COMPOSE_PROGRESS'] ?? 'auto') : flags.progress;
  if (options.quiet || kind === 'quiet') return new QuietProgress(context.stderr);
  const ansi = flags.ansi === 'auto' ? (process.env['COMPOSE_ANSI'] ?? 'auto') : flags.ansi;
  const live =
    kind === 'tty' ||
    ansi === 'always' ||
    (kind === 'auto' && ansi !== 'never' && context.stderr.isTerminal && process.env['TERM'] !== 'dumb');
  return live ? new LiveProgress(context.stderr, options.title) : new PlainProgress(context.stderr);
}

class SwitchedProgress implements Progress {
  #current: Shown;

  constructor(first: Shown) {
    this.#current = first;
  }

  change(next: Shown): void {
    this.#current[Symbol.dispose]();
    this.#current = next;
  }

  step(...args: Parameters<Progress['step']>): void {
    this.#current.step(...args);
  }

  output(id: string, line: string): void {
    this.#current.output(id, line);
  }

  warn(message: string): void {
    this.#current.warn(message);
  }
}
