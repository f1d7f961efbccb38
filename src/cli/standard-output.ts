/** @file Results to stdout: all of them, or an error. */
import { fstatSync, writeSync } from 'node:fs';
import { cannotWrite } from '../base/files.js';

const standardOutput = 1;

/**
 * Prints a text to stdout. A file or device takes it at once and whole; Node's own stream says nothing of a disk that
 * takes only a part (nodejs/node#12921).
 * @throws UserError (exit code 1) when it cannot be written
 */
export function printOut(text: string): void {
  if (!takesDirectly()) {
    process.stdout.write(text);
    return;
  }
  const bytes = Buffer.from(text);
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(standardOutput, bytes, done);
  } catch (error) {
    throw cannotWrite('stdout', error);
  }
}

/** Pipes, sockets and terminals may have to wait: they are the stream's. */
function takesDirectly(): boolean {
  const status = fstatSync(standardOutput);
  return status.isFile() || (status.isCharacterDevice() && process.stdout.isTTY !== true);
}
