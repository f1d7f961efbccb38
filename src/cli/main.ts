#!/usr/bin/env node
/** @file The command line's entry. Links that npx made for earlier versions lead here: it can be run by itself. */
import { messageOf } from '../base/errors.js';
import { cannotWrite } from '../base/files.js';
import { commands } from './commands.js';
import { runLine } from './dispatch.js';

// A reader that has seen enough (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`ehmam: ${messageOf(cannotWrite('stdout', error))}\n`, () => process.exit(1));
});

const code = await runLine(process.argv.slice(2), commands);
// Native sessions and worker threads may outlive their use; pending output is written first.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
