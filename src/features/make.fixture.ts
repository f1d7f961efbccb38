/** @file A process that makes features with the toy encoder, for tests that run several or kill them. */
import { readFile } from 'node:fs/promises';
import { createEngine } from '../engine/create.js';
import type { Engine } from '../engine/engine.js';
import { openFeatures, type StoreOptions } from './store.js';
import { toyEncoder } from './toy-encoder.fixture.js';

/** What the process is told, in a JSON file; the engine and the encoder are its own. */
export type MakeRequest = Omit<StoreOptions, 'engine' | 'encoder' | 'lock'>;

const [file = ''] = process.argv.slice(2);
const request = JSON.parse(await readFile(file, 'utf8')) as MakeRequest;
let runs = 0;
const engine = await createEngine('onnx', { threads: 1 });
const counting: Engine = {
  ...engine,
  compile(body, options) {
    const program = engine.compile(body, options);
    return {
      ...program,
      run: (...inputs) => {
        if (runs++ === 0) process.stdout.write('started\n');
        return program.run(...inputs);
      },
    };
  },
};
const options: StoreOptions = { ...request, engine: counting, encoder: toyEncoder(1) };
await (await openFeatures(options)).close();
process.stdout.write(`encoded ${runs}\n`);
