/** @file What a page holds, without a browser. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { builtInTasks } from '../../../tasks/index.js';
import { compareRecords } from '../compare.js';
import { result } from '../records.fixture.js';
import { pageDocument } from './document.js';
import { buildPage, type Page } from './report.js';

const records = [
  result('tiny', 'asr', 0.25),
  result('fbank', 'asr', 0.75),
  result('tiny', 'ks', 0.9, { layerWeights: [0.1, 0.2, 0.7] }),
];
const assets = { style: 'p{color:red}', library: 'var echarts = 1;', scripts: ['let x = "<b>";'] };

async function pageOf(remarks: string[] = []): Promise<Page> {
  return buildPage({
    title: 'A & B',
    comparison: compareRecords(records, { baseline: 'fbank' }),
    records,
    tasks: builtInTasks,
    encoders: [],
    hashOfFolder: async () => undefined,
    audio: { paths: [], root: undefined, mostBytes: 0 },
    hardest: 5,
    remark: (why) => remarks.push(why),
  });
}

describe('a page', () => {
  it('leaves out the parts that there is nothing for, and says why', async () => {
    const remarks: string[] = [];
    const { content, summary } = await pageOf(remarks);
    expect(content.sections.map(({ id }) => id)).toEqual([
      'comparison',
      'tasks',
      'layers',
      // Of ours, and its folder is nowhere: a line says so.
      'pretraining',
      'cost',
      'origins',
    ]);
    expect(summary).toMatchObject({ records: 3, encoders: 2, tasks: 2, pretrainings: [], masks: 0 });
    expect(remarks).toHaveLength(5);
    expect(remarks[0]).toContain('no predictions of tiny on asr');
    expect(remarks).toContainEqual(
      expect.stringMatching(/^no training curves of tiny: found no folder tiny with a log/),
    );
    expect(content.charts['task-asr-intervals']).toMatchObject({ axis: 'wer %, lower is better' });
  });

  it('shows values, the best, differences from the baseline, and every layer', async () => {
    const document = pageDocument((await pageOf()).content, assets);
    expect(document).toContain('<b class="best">25.00</b>');
    expect(document).toContain('Δ -50.00');
    expect(document).toContain('<td class="h10">70.0</td>');
    expect(document).toContain('<title>A &amp; B</title>');
  });

  it('allows the scripts and the style that it holds, and nothing else', async () => {
    const document = pageDocument((await pageOf()).content, assets);
    const hash = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(document)?.[1]?.replaceAll('&#39;', "'");
    expect(policy).toBe(
      `default-src 'none'; script-src '${hash(assets.library)}' '${hash('let x = "<b>";')}'; ` +
        `style-src '${hash(assets.style)}'; img-src data:; media-src data:; base-uri 'none'; form-action 'none'`,
    );
    expect(document).toContain('<script type="module">let x = "<b>";</script>');
  });
});
