/** @file Time to plan a suite of more than 5,000 jobs, from nothing and again (npm run bench:plan). */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeWav } from '../../src/audio/index.js';
import { writeManifest } from '../../src/data/manifest.js';
import { loadEncoder } from '../../src/encoders/load.js';
import { writeSafetensors } from '../../src/formats/safetensors.js';
import { planGraph } from '../../src/suite/graph.js';
import { planReport, planText } from '../../src/suite/overview.js';
import type { Suite } from '../../src/suite/schema.js';

const [encoders, seeds, utterances] = [50, 98, 1000];
const folder = await mkdtemp(join(tmpdir(), 'ehmam-plan-'));
try {
  const rows = [];
  await writeWav(join(folder, 'a.wav'), new Float32Array(1600), 16000);
  for (let i = 0; i < utterances; i++) {
    const split = ['train', 'dev', 'test'][i % 3] as string;
    const texts = { speaker: `s${Math.floor(i / 3) % 9}`, label: `l${Math.floor(i / 3) % 9}`, text: 'hello' };
    rows.push({ id: `u${i}`, path: 'a.wav', split, ...texts });
  }
  const manifest = join(folder, 'm.csv');
  await writeManifest(manifest, rows);
  const specs: string[] = [];
  for (let i = 0; i < encoders; i++) {
    const spec = join(folder, `encoder-${i}`);
    const { config, parameters } = await loadEncoder('random:tiny', i);
    await mkdir(spec);
    await writeFile(join(spec, 'config.json'), JSON.stringify({ encoder: config }));
    await writeSafetensors(join(spec, 'model.safetensors'), parameters);
    specs.push(spec);
  }
  const suite: Suite = {
    name: 'large',
    tasks: ['asr', 'ks', 'sid'].map((name) => ({ name, manifest })),
    encoders: specs,
  };
  for (const what of ['from nothing', 'again']) {
    const started = performance.now();
    const graph = await planGraph(suite, {
      seeds: Array.from({ length: seeds }, (_, i) => i),
      training: {},
      engine: { name: 'onnx', provider: 'cpu' },
      maxBadShare: 0,
      plugins: [],
      out: join(folder, 'out'),
      cacheFolder: join(folder, 'cache'),
    });
    const text = planText(graph, planReport(graph));
    const seconds = (performance.now() - started) / 1000;
    console.log(
      `plan of ${graph.jobs.length} jobs ${what}: ${seconds.toFixed(2)} s (${text.split('\n').length} lines)`,
    );
  }
} finally {
  await rm(folder, { recursive: true });
}
