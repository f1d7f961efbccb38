/**
 * @file Searching by example at the size of SUPERB's QbE: frames of queries times frames of documents a second, and what the
 * whole takes (npm run bench:qbe).
 */
import { randomStream } from '../../src/base/random.js';
import { createEngine } from '../../src/engine/create.js';
import type { Features } from '../../src/features/reader.js';
import { matcherOf } from '../../src/heads/subsequence-dtw/matching.js';
import { searchOf } from '../../src/heads/subsequence-dtw/pairs-by-document.js';
import { standardsOf } from '../../src/heads/subsequence-dtw/standard.js';

/** QUESST's English part and a Base encoder: queries of 1 s, documents of 6.6 s, 50 frames a second. */
const whole = { queries: 138, documents: 2438, layers: 13 };
const [dim, queryFrames, documentFrames] = [768, 50, 330];
/** As many are measured. */
const measured = { documents: 12, layers: 2 };

const rows = [
  ...Array.from({ length: whole.queries }, () => queryFrames),
  ...Array.from({ length: measured.documents }, () => documentFrames),
];
const random = randomStream(1, 'frames');
const pool = Float32Array.from({ length: 1 << 20 }, () => random.normal());
const valuesOf = (place: number): Float32Array => {
  const values = new Float32Array(measured.layers * (rows[place] as number) * dim);
  for (let i = 0; i < values.length; i++) values[i] = pool[(i + 7919 * place) % pool.length] as number;
  return values;
};
const held = rows.map((_, place) => valuesOf(place));
const features: Features = {
  layers: measured.layers,
  dim,
  rows,
  bad: new Map(),
  read: (place) => held[place] as Float32Array,
  load: async (place) => held[place] as Float32Array,
  costs: { seconds: 0, encoderFrames: 0 },
  close: async () => {},
};
const pairs = Array.from({ length: measured.documents * whole.queries }, (_, i) => ({
  id: String(i),
  first: i % whole.queries,
  second: whole.queries + Math.floor(i / whole.queries),
  columns: {},
  file: '',
  line: 0,
}));

const engine = await createEngine('onnx', {});
const { queries, documents } = searchOf(pairs, [...rows.keys()]);
const started = performance.now();
const standards = await standardsOf(features, [...rows.keys()], () => {});
const statistics = performance.now();
const matcher = matcherOf(engine, features, 5, 'benchmark');
const layers = await matcher.prepare(queries, standards, [0, 1]);
const [first, ...others] = documents;
if (first !== undefined) await matcher.match(first, layers);
const [warm, processor] = [performance.now(), process.cpuUsage()];
for (const document of others) await matcher.match(document, layers);
const seconds = (performance.now() - warm) / 1000;
const used = process.cpuUsage(processor);
const processorSeconds = (used.user + used.system) / 1e6;
await matcher.release(layers);
await matcher.dispose();

const cells = others.length * measured.layers * whole.queries * queryFrames * documentFrames;
const all = whole.queries * queryFrames * whole.documents * documentFrames;
const frames = rows.reduce((sum, count) => sum + count, 0) * measured.layers;
const framesPerSecond = frames / ((statistics - started) / 1000);
const hours = (amount: number, rate: number): string => (amount / rate / 3600).toFixed(2);
const report = (what: string, perSecond: number): void => {
  const times = `dev, ${whole.layers} layers: ${hours(all * whole.layers, perSecond)} h; test, one: ${hours(all, perSecond)} h`;
  console.log(`${what}: ${(perSecond / 1e6).toFixed(1)} million pairs of frames a second; ${times}`);
};
report(`${engine.threads} threads`, cells / seconds);
report('one processor by itself', cells / processorSeconds);
const means = 2 * whole.documents * documentFrames * whole.layers;
console.log(`statistics of dev and test: ${hours(means, framesPerSecond)} h`);
