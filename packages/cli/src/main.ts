#!/usr/bin/env node
/** The `pouch` program. */
import { main } from './app/main.ts';

// process.exit: an idle kept-alive connection or an open terminal must not keep a finished command alive.
main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  },
);
