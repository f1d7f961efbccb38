/** @file Masks on the page, as an analysis left them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { drawing } from '../../formats/drawings.fixture.js';
import { drawingsName, writeDrawings } from '../../formats/drawings.js';
import { markupOf } from './html.js';
import { drawMasks } from './masked.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-masked-'));
});
afterEach(() => rm(folder, { recursive: true }));

const run = (name: string) => ({ label: name, colour: 0, folder: join(folder, name) });
const drawingsOf = (name: string): string => join(folder, name, 'analysis', drawingsName);
const drawn = async (names: readonly string[], first: readonly string[] = []) => {
  const remarks: string[] = [];
  const { part, utterances } = await drawMasks(names.map(run), {
    first,
    manifest: 'speech.csv',
    remark: (why) => remarks.push(why),
  });
  const markup = part === undefined ? '' : markupOf(part);
  return {
    remarks,
    utterances,
    markup,
    ids: [...markup.matchAll(/<figcaption>(\w+),/g)].map(([, id]) => id),
  };
};

describe('masks on the page', () => {
  it('are of the hardest utterances that the analysis has, else of its first', async () => {
    await writeDrawings(
      drawingsOf('tiny'),
      ['a', 'b', 'c', 'd'].map((id) => drawing(id)),
    );
    expect((await drawn(['tiny'], ['x', 'd', 'b', 'a'])).ids).toEqual(['d', 'b']);
    expect((await drawn(['tiny'], ['x', 'c'])).ids).toEqual(['c', 'a']);
    expect(await drawn(['tiny'])).toMatchObject({ ids: ['a', 'b'], utterances: 2, remarks: [] });
  });

  it('show how much is hidden, and where', async () => {
    await writeDrawings(drawingsOf('tiny'), [drawing('a')]);
    const { markup } = await drawn(['tiny']);
    expect(markup).toContain('a, tiny: hard masks hide 50 % of the frames, random ones 25 %');
    // Frames 2 and 3 of four that begin 20 ms apart, in a picture of 846 pixels for 85 ms.
    expect(markup).toContain('<rect class="mask" x="490.1" y="0" width="398.1" height="14"/>');
    expect(markup).toContain(`href="data:image/png;base64,${drawing('a').spectrogram.png}"`);
    // Highest and lowest predicted loss: frames 2 and 0, in the middle of what they see.
    const [predicted = ''] = /class="predicted" points="[^"]*"/.exec(markup) ?? [];
    expect(predicted.split(' ').filter((each) => /,(214|284)"?$/.test(each))).toHaveLength(2);
  });

  it('that were never drawn are told with the command that draws them; the others are shown', async () => {
    await writeDrawings(drawingsOf('b'), [drawing('u')]);
    await writeDrawings(drawingsOf('broken'), []);
    await writeFile(drawingsOf('broken'), 'what\n');
    const { remarks, ids } = await drawn(['a', 'b', 'broken']);
    expect(ids).toEqual(['u']);
    const a = join(folder, 'a');
    expect(remarks).toEqual([
      `no masks of a: create them with 'ehmam analyse ${a} --manifest speech.csv --out ${join(a, 'analysis')}'`,
      expect.stringContaining(`no masks of broken: ${drawingsOf('broken')}:1: is not a drawings file`),
    ]);
    // The record's manifest is of another machine, or of a named suite.
    const remark = (why: string) => void remarks.push(why);
    await drawMasks([run('a')], { first: [], manifest: undefined, remark });
    expect(remarks[2]).toMatch(/ --manifest MANIFEST\.csv --out .*analysis', with a manifest of speech$/);
  });
});
