/** @file Programs that the newcomer starts. */
import { spawn } from 'node:child_process';

/** Runs a program to its end; `start(['npm', 'install'], { cwd, env })` gives its exit code and what it said. */
export function start([program, ...words], options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'])
      child[stream].on('data', (chunk) => {
        said[stream] += String(chunk);
      });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...said }));
  });
}

/** The same for a program that must succeed: else an error with the end of what it said. */
export async function succeed(words, options) {
  const ended = await start(words, options);
  if (ended.code === 0) return ended;
  const last = `${ended.stderr}\n${ended.stdout}`.trim().split('\n').slice(-8).join('\n');
  throw new Error(`${words.join(' ')} ended with code ${ended.code}:\n${last}`);
}
