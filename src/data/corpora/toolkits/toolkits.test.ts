/** @file Tests of what all toolkits share. */
import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { toolkits } from './index.js';
import { at, files, prepare, useFolder } from './toolkits.fixture.js';

useFolder();

describe('any toolkit', () => {
  it('reads gzipped texts, and says when there is nothing to read', async () => {
    await files({ 'a.wav': 0.2 });
    await writeFile(at('train.jsonl.gz'), gzipSync('{"audio_filepath": "a.wav"}\n'));
    expect((await prepare('nemo', [at('train.jsonl.gz')])).rows).toHaveLength(1);
    for (const { name } of toolkits) {
      await expect(prepare(name, [])).rejects.toThrow(`missing files; usage: ehmam prepare ${name}`);
      await expect(prepare(name, [at('not-there')])).rejects.toThrow(/not-there: .*cannot be read/);
    }
    await expect(prepare('nemo', [at('train.jsonl.gz')], { unpack: at('x') })).rejects.toThrow(
      '--unpack does not apply to nemo',
    );
  });
});
