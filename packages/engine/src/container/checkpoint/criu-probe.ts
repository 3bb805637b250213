import { exec, isErrorCode } from '@pouch/base';

/** Why this host cannot freeze and thaw processes with CRIU, or undefined where it can. `criu check` asks the kernel. */
export async function criuProblem(runtime: string): Promise<string | undefined> {
  try {
    const checked = await exec('criu', ['check'], { allowFailure: true });
    if (checked.code !== 0) {
      const said = (checked.stderr || checked.stdout).trim().split('\n').at(-1) ?? '';
      return `'criu check' says that this kernel cannot do it: ${said}`;
    }
  } catch (error) {
    if (!isErrorCode(error, 'unsupported')) throw error;
    return 'CRIU is not installed on this host: install the package criu';
  }
  const { stdout } = await exec(runtime, ['--version'], { allowFailure: true });
  // crun tells what it was built with; runc always calls criu(8).
  if (/^crun /m.test(stdout) && !stdout.includes('+CRIU')) {
    return `the runtime ${runtime} was built without CRIU: run the container with --runtime runc`;
  }
  return undefined;
}
