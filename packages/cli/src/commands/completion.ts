import { command } from '../app/command.ts';
import { BASH_COMPLETION, ZSH_COMPLETION } from '../app/completion-scripts.ts';
import { UsageError } from '../app/errors.ts';

const SCRIPTS: Readonly<Record<string, string>> = { bash: BASH_COMPLETION, zsh: ZSH_COMPLETION };

export default command({
  usage: 'bash|zsh',
  args: { min: 1, max: 1 },
  examples: [
    { command: 'source <(pouch completion bash)', does: 'for this shell' },
    { command: 'pouch completion zsh > "${fpath[1]}/_pouch"', does: 'for every zsh from now on' },
  ],
  complete: 'none',
  flags: {},
  async run(context, _flags, [shell = '']) {
    const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
    if (script === undefined) throw new UsageError(`there is no completion for '${shell}' (use bash or zsh)`);
    context.stdout.write(script);
  },
});
