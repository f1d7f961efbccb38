/** @file What `ehmam analyse` writes is what the page draws: masks, and no encoder is run for them. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtInTasks } from '../../../tasks/index.js';
import { loadEncoder } from '../../encoders/load.js';
import { drawingsName, readDrawings } from '../../formats/drawings.js';
import { compareRecords, readRecords } from '../../results/index.js';
import { markupOf } from '../../results/page/html.js';
import { buildPage } from '../../results/page/index.js';
import { type PageResults, writePageResults } from '../../results/page/page.fixture.js';
import { type AnalysisRequest, analyseManifest } from './of-manifest.js';

let folder: string;
let written: PageResults;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-analyse-page-'));
  written = await writePageResults(folder);
});
afterAll(() => rm(folder, { recursive: true }));

const requestOf = (change: Partial<AnalysisRequest>): AnalysisRequest => ({
  ...{ checkpoint: written.run, manifest: written.manifest, out: undefined, seed: 1, quiet: true },
  ...{ root: undefined, split: undefined, limit: undefined, utterance: undefined },
  engine: { name: 'onnx', provider: 'cpu', threads: 1 },
  ...change,
});

async function page() {
  const records = await readRecords([written.results]);
  const remarks: string[] = [];
  const { content, summary } = await buildPage({
    ...{ title: 'Results', comparison: compareRecords(records), records, tasks: builtInTasks },
    hashOfFolder: async (of) => (await loadEncoder(of)).hash,
    ...{ encoders: [written.run], hardest: 5, remark: (why: string) => remarks.push(why) },
    audio: { paths: [written.manifest], root: undefined, mostBytes: 8e6 },
  });
  const masks = content.sections.find(({ id }) => id === 'masks');
  return { summary, remarks, masks: masks && markupOf(masks.body) };
}

describe('an analysis of a run', () => {
  it('is what the page draws masks from; without it the page says how to make it', async () => {
    const { run, manifest } = written;
    const out = join(run, 'analysis');
    const before = await page();
    expect(before).toMatchObject({ masks: undefined, summary: { masks: 0, pretrainings: [run] } });
    expect(before.remarks).toEqual([
      `no masks of tiny: create them with 'ehmam analyse ${run} --manifest ${manifest} --out ${out}'`,
    ]);
    const { text } = await analyseManifest(requestOf({ out }));
    expect(text).toContain(join(out, 'analysis.json'));
    expect((await readdir(out)).sort()).toEqual(['analysis.json', drawingsName, 'utterance.svg']);
    const after = await page();
    expect(after).toMatchObject({ remarks: [], summary: { masks: 2, sound: { utterances: 10 } } });
    expect(after.masks?.match(/<figcaption>u\d, tiny: hard masks hide \d+ % of the frames/g)?.length).toBe(2);
    expect(after.masks?.match(/<image href="data:image\/png;base64,/g)?.length).toBe(2);
  });

  it('keeps of each utterance what it was analysed by: frames, losses, masks, spectrogram', async () => {
    const out = join(folder, 'elsewhere');
    await analyseManifest(requestOf({ out, limit: 2 }));
    const drawings = await readDrawings(join(out, drawingsName));
    expect(drawings?.map(({ id }) => id)).toEqual(['u0', 'u1']);
    const [first] = drawings ?? [];
    // Half a second in frames of 20 ms; 48 steps of 10 ms of which 25 ms are seen.
    expect(first).toMatchObject({ seconds: 0.5, hopSeconds: 0.02, spectrogram: { seconds: 0.48 } });
    expect(first?.predicted).toHaveLength(24);
    const hidden = (first?.masks.hard ?? []).reduce((sum, [from, to]) => sum + to - from, 0);
    expect(hidden).toBeGreaterThan(0);
    expect(hidden).toBeLessThan(24);
  });
});
