import { StringDecoder } from 'node:string_decoder';
import type { ContainerCreateRequest } from '@pouch/api';
import { background, isErrorCode, shortId } from '@pouch/base';
import type { HistoryEntry } from '@pouch/oci';
import type { AttachSession } from '../../container/container-service.ts';
import { commandOf } from '../../image/changes.ts';
import type { ContainerImage } from '../../image/image-service.ts';
import { BuildStepError } from '../build-step-error.ts';
import type { BuildState } from '../build-state.ts';
import type { Instruction } from '../dockerfile/instruction.ts';
import { resultOf, told } from './copy-step.ts';
import type { StepContext } from './step-context.ts';
import { BUILD_LABEL } from '../build-label.ts';

/** RUN: a container over the state so far, and what it changes as a layer. */
export async function runStep(instruction: Instruction, step: StepContext): Promise<BuildState> {
  const { state, args } = step;
  const command = commandOfRun(instruction, step);
  const env = args.environment(state.config.Env ?? []);
  const described = env.shown.length > 0 ? [`|${env.shown.length}`, ...env.shown, ...command] : command;
  const description = described.join(' ');
  const planned = {
    parts: ['RUN', described, step.request.networkMode === 'none' ? 'none' : ''],
    description,
    config: state.config,
    author: state.author,
  };
  const cached = step.cache.find(state, planned);
  if (cached) return await told(step, cached);
  return await step.heavy(async () => {
    const written = await runContainer(command, env.all, step);
    return step.cache.remember(state, planned, resultOf(step, description, written));
  });
}

function commandOfRun(instruction: Instruction, { state }: StepContext): string[] {
  const [document] = instruction.heredocs;
  if (!document) return commandOf({ config: state.config }, instruction.text);
  const shell = [...(state.config.Shell ?? ['/bin/sh', '-c'])];
  const bare = /^<<-?(["']?)\w+\1$/.test(instruction.text.trim());
  const interpreter = bare ? /^#!(\S.*)\n/.exec(document.content)?.[1] : undefined;
  // A script is handed over as a here-document again, to the shell or to the program that it names.
  const text = bare && interpreter === undefined ? document.content : scripted(instruction.text, document, interpreter);
  return [...shell, text];
}

function scripted(text: string, document: Instruction['heredocs'][number], interpreter: string | undefined): string {
  const { name, content, expand } = document;
  if (interpreter === undefined) return `${text}\n${content}${name}\n`;
  const mark = `${name}_${expand ? '' : 'quoted'}`;
  return `f=$(mktemp) && cat > "$f" <<'${mark}' && chmod +x "$f" && "$f"; c=$?; rm -f "$f"; exit $c\n${content}${mark}\n`;
}

async function runContainer(
  command: readonly string[],
  env: readonly string[],
  step: StepContext,
): Promise<Awaited<ReturnType<StepContext['layers']['commit']>>> {
  const { containers } = step.env;
  const { request, state, output } = step;
  step.signal.throwIfAborted();
  const { Id: id } = await containers.create(createRequest(command, env, step), { base: imageOf(state) });
  let keep = false;
  try {
    await output.text(` ---> Running in ${shortId(id)}\n`);
    const code = await attended(id, step);
    if (code !== 0) {
      keep = !request.forceRemove;
      throw new BuildStepError(command, code);
    }
    const mounts = await step.env.containerd.snapshots.mounts(id);
    if (request.remove) {
      const written = await step.layers.commit(state, id, mounts, { engineFiles: true });
      step.later(containers.remove(id, { force: true, volumes: true }));
      keep = true;
      await output.text(` ---> Removed intermediate container ${shortId(id)}\n`);
      return written;
    }
    // The container stays with its file system: the layer is a copy.
    keep = true;
    const made = await step.layers.layerOf(state, mounts, { engineFiles: true });
    if (!made) return { chain: state.chain };
    await made.stored;
    const chain = await step.env.images.assembly.unpack(
      [...state.layers, made.layer],
      await step.lease.id(),
      step.signal,
    );
    return { layer: made.layer, chain };
  } finally {
    if (!keep) {
      await containers.remove(id, { force: true, volumes: true }).catch((error: unknown) => {
        if (!isErrorCode(error, 'not-found'))
          step.env.logger.warn('a container of a build stays', { container: id, error });
      });
    }
  }
}

/** Start, pass its output on, and wait for its end. Killed when the build is cancelled. */
async function attended(id: string, step: StepContext): Promise<number> {
  const { containers, logger } = step.env;
  const kill = (): void => {
    background(containers.kill(id, 'SIGKILL'), (error) => logger.debug('killing a step', { container: id, error }));
  };
  const session = await containers.attach(id, { stdin: false, stdout: true, stderr: true, logs: false, stream: true });
  try {
    await containers.start(id);
    step.signal.addEventListener('abort', kill, { once: true });
    if (step.signal.aborted) kill();
    await passOutput(session, step);
    const { result } = containers.wait(id, 'not-running', new AbortController().signal);
    const { StatusCode } = await result;
    step.signal.throwIfAborted();
    return StatusCode;
  } finally {
    step.signal.removeEventListener('abort', kill);
    await session[Symbol.asyncDispose]();
  }
}

async function passOutput(session: AttachSession, { output }: StepContext): Promise<void> {
  const decoders = { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') };
  for await (const { stream, data } of session.output) {
    const text = decoders[stream].write(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    if (text !== '') await output.text(stream === 'stderr' ? `\u001b[91m${text}\u001b[0m` : text);
  }
}

function createRequest(command: readonly string[], env: readonly string[], step: StepContext): ContainerCreateRequest {
  const { state, request } = step;
  const { config } = state;
  const { limits } = request;
  return {
    Image: state.id.replace(/^sha256:/, '').slice(0, 12) || 'scratch',
    Cmd: [...command],
    Env: [...(config.Env ?? []), ...env],
    Labels: { ...config.Labels, [BUILD_LABEL]: request.remove ? 'step' : 'kept' },
    Healthcheck: { Test: ['NONE'] },
    AttachStdout: true,
    AttachStderr: true,
    ...(config.User && { User: config.User }),
    ...(config.WorkingDir && { WorkingDir: config.WorkingDir }),
    ...(config.Volumes && { Volumes: { ...config.Volumes } }),
    ...(config.Shell && { Shell: [...config.Shell] }),
    HostConfig: {
      LogConfig: { Type: 'none', Config: {} },
      NetworkMode: request.networkMode || 'default',
      ...(request.extraHosts.length > 0 && { ExtraHosts: [...request.extraHosts] }),
      ...(limits.memory && { Memory: limits.memory }),
      ...(limits.memorySwap && { MemorySwap: limits.memorySwap }),
      ...(limits.cpuShares && { CpuShares: limits.cpuShares }),
      ...(limits.cpuPeriod && { CpuPeriod: limits.cpuPeriod }),
      ...(limits.cpuQuota && { CpuQuota: limits.cpuQuota }),
      ...(limits.cpusetCpus && { CpusetCpus: limits.cpusetCpus }),
      ...(limits.cpusetMems && { CpusetMems: limits.cpusetMems }),
      ...(limits.cgroupParent && { CgroupParent: limits.cgroupParent }),
      ...(limits.shmSize && { ShmSize: limits.shmSize }),
      ...(limits.ulimits && limits.ulimits.length > 0 && { Ulimits: [...limits.ulimits] }),
    },
  };
}

/** The state as a container takes it: nothing is inherited, for the request says everything. */
function imageOf(state: BuildState): ContainerImage {
  const history: HistoryEntry[] = [];
  const rootfs = { type: 'layers', diff_ids: state.layers.map(({ diffId }) => diffId) } as const;
  return {
    id: state.id,
    manifestDigest: state.imageId ?? state.id,
    config: { ...state.platform, config: {}, rootfs, history },
    chainId: state.chain,
    platform: state.platform,
  };
}
