#!/usr/bin/env node
/** @file The command `ehmam`: the compiled program. It is here before that is built, since npx and npm link what they find. */
import { existsSync } from 'node:fs';

const program = new URL('../../dist/src/cli/main.js', import.meta.url);
if (existsSync(program)) await import(program.href);
else {
  console.error('ehmam: the program is not built. Hint: npm run build');
  process.exitCode = 2;
}
