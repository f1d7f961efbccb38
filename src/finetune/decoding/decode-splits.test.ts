/** @file Splits decoded greedily and with a language model whose weights dev chooses: flashlight-text's emissions. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tokens } from '../../../tasks/asr/characters.js';
import { sha256OfFile } from '../../base/files.js';
import type { Alphabet } from '../../lm/alphabet.js';
import { type Finetuning, finetuningSchema } from '../../results/finetuning-file.js';
import { type DecodeRequest, decodeSplits, greedyText } from './decode-splits.js';
import { decodingLmSchema } from './settings.js';
import type { SplitLogits, UtteranceLogits } from './split-logits.js';

const fixtures = new URL('../../../test/fixtures/lm/', import.meta.url).pathname;
const arpa = join(fixtures, 'tiny.arpa');
const alphabet: Alphabet = { tokens, blank: 0, boundary: '|', special: [0, 1, 2, 3], lowerCase: false };

let scratch: string;
let utterances: UtteranceLogits[];
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'ehmam-decode-'));
  const { cases } = JSON.parse(await readFile(join(fixtures, 'decoder.json'), 'utf8')) as {
    cases: { emissions: number[]; words: string[] }[];
  };
  // What the decoder of flashlight-text made of them is taken for what was said: greedy decoding hears less.
  utterances = cases.map(({ emissions, words }, i) => ({
    ...{ id: `u${i}`, text: words.join(' '), speaker: `s${i % 4}` },
    logits: Float32Array.from(emissions, (value) => value / 1000 + i),
  }));
});
afterAll(() => rm(scratch, { recursive: true }));

/** A split, and how often it was read. */
function splitOf(some: readonly UtteranceLogits[]): SplitLogits & { reads: number } {
  const split = {
    ...{ count: some.length, reads: 0 },
    async *read() {
      split.reads++;
      yield* some;
    },
  };
  return split;
}

const request = (more: Partial<DecodeRequest>): DecodeRequest => ({
  ...{ alphabet, scratch, seed: 1, quiet: true, splits: {} },
  ...more,
});

describe('decodeSplits', () => {
  it('recognises every split greedily, with error rates over its own utterances', async () => {
    const splits = { dev: splitOf(utterances.slice(0, 8)), 'test-other': splitOf(utterances.slice(8)) };
    const decoded = await decodeSplits(request({ splits }));
    expect(Object.keys(decoded.splits)).toEqual(['dev', 'test-other']);
    expect(decoded.languageModel).toBeUndefined();
    const {
      lines,
      greedy,
      utterances: count,
      words,
      lm,
    } = decoded.splits['test-other'] as never as {
      lines: { id: string; prediction: { text: string }; reference: { text: string } }[];
      greedy: Finetuning['splits'][string]['greedy'] & { cerInterval: [number, number] };
      utterances: number;
      words: number;
      lm: unknown;
    };
    expect([count, lines.length, lm]).toEqual([16, 16, undefined]);
    expect(words).toBe(lines.flatMap(({ reference }) => reference.text.split(' ')).length);
    expect(lines[0]?.prediction.text).toBe(greedyText(alphabet, utterances[8]?.logits as Float32Array));
    expect(greedy.interval[0]).toBeLessThanOrEqual(greedy.wer);
    expect(greedy.interval[1]).toBeGreaterThanOrEqual(greedy.wer);
    expect(greedy.intervalOver).toBe('speakers');
    expect(greedy.cerInterval[0]).toBeLessThanOrEqual(greedy.cer);
    expect(greedy.cerInterval[1]).toBeGreaterThanOrEqual(greedy.cer);
  });

  it("equals flashlight-text's transcripts with its settings, whatever is added to the logits", async () => {
    const lm = decodingLmSchema.parse({
      ...{ arpa, beam: 5, beamThreshold: 25, weights: { lm: 2, word: -1, silence: 0 } },
    });
    const { splits, languageModel } = await decodeSplits(
      request({ splits: { test: splitOf(utterances) }, lm }),
    );
    expect(splits.test?.lm).toMatchObject({ wer: 0, cer: 0, interval: [0, 0] });
    expect(splits.test?.greedy.wer).toBeGreaterThan(0);
    expect(splits.test?.lines[1]?.lm).toEqual(splits.test?.lines[1]?.reference);
    expect(languageModel).toEqual({
      ...{ file: 'tiny.arpa', hash: await sha256OfFile(arpa), beam: 5, tried: [] },
      weights: { lm: 2, word: -1, silence: 0 },
    });
  });

  it('searches weights on dev alone, reading it once from who gives it, and leaves nothing on disk', async () => {
    const splits = { dev: splitOf(utterances.slice(0, 6)), test: splitOf(utterances.slice(6, 9)) };
    const lm = decodingLmSchema.parse({ arpa, beam: 10, searchBeam: 3 });
    const decoded = await decodeSplits(request({ splits, lm }));
    const { languageModel } = decoded;
    expect([splits.dev.reads, splits.test.reads]).toEqual([1, 1]);
    expect(await readdir(scratch)).toEqual([]);
    expect(finetuningSchema.shape.languageModel.parse(languageModel)).toEqual(languageModel);
    const best = languageModel?.tried.find(({ weights }) => weights === languageModel.weights);
    expect(best?.wer).toBe(Math.min(...(languageModel?.tried ?? []).map(({ wer }) => wer)));
    expect(languageModel?.tried.length).toBeGreaterThan(17);
    expect(decoded.splits.test?.lm?.wer).toBeLessThanOrEqual(decoded.splits.test?.greedy.wer as number);
    expect(languageModel?.search).toEqual({ utterances: 6, beam: 3 });
    expect(await decodeSplits(request({ splits, lm }))).toEqual(decoded);
  });

  it('searches weights on as many utterances of dev as it may, evenly spread, and says how many', async () => {
    const searched = async (dev: readonly UtteranceLogits[], searchUtterances: number) => {
      const lm = decodingLmSchema.parse({ arpa, beam: 3, searchBeam: 3, searchUtterances });
      return (await decodeSplits(request({ splits: { dev: splitOf(dev) }, lm }))).languageModel;
    };
    const some = await searched(utterances.slice(0, 7), 3);
    const each = await searched(
      [0, 3, 6].map((place) => utterances[place] as UtteranceLogits),
      3,
    );
    expect(some?.search).toEqual({ utterances: 3, beam: 3 });
    expect(some?.tried).toEqual(each?.tried);
  });

  it('names a language model of other characters, and leaves nothing on disk where dev cannot be read', async () => {
    const file = join(scratch, 'small.arpa');
    await writeFile(
      file,
      '\\data\\\nngram 1=4\n\n\\1-grams:\n-1\t<unk>\n-1\t<s>\n-1\t</s>\n-1\tcat\n\n\\end\\\n',
    );
    const dev = splitOf(utterances);
    const asked = request({ splits: { dev }, lm: decodingLmSchema.parse({ arpa: file }) });
    await expect(decodeSplits(asked)).rejects.toThrow(
      "small.arpa: none of its 1 words can be spelled with the recogniser's tokens: 'cat', for example. " +
        "The recogniser writes 'CAT'",
    );
    await rm(file);
    const broken = {
      count: 2,
      async *read() {
        yield utterances[0] as UtteranceLogits;
        throw new Error('the audio is gone');
      },
    };
    const lm = decodingLmSchema.parse({ arpa });
    await expect(decodeSplits(request({ splits: { dev: broken }, lm }))).rejects.toThrow('the audio is gone');
    expect(await readdir(scratch)).toEqual([]);
  });
});
