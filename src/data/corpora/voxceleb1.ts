/** @file VoxCeleb1's identification split. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../base/errors.js';
import {
  type Corpus,
  type CorpusRow,
  countRemark,
  firstThere,
  linesOf,
  missingRemark,
  notThere,
} from './corpus.js';
import { filesBelow } from './walk.js';

const splitNames: Readonly<Record<string, string>> = { 1: 'train', 2: 'dev', 3: 'test' };

/**
 * Lines by set: SUPERB's si in huggingface/datasets, datasets/superb/dataset_infos.json. Their sum is the 153,516 lines
 * of 32 bytes in the 4,912,512 bytes that tensorflow-datasets 4.9.10 (url_checksums/voxceleb.txt) gives for
 * https://www.robots.ox.ac.uk/~vgg/data/voxceleb/meta/iden_split.txt.
 */
const known: Readonly<Record<string, number>> = { train: 138361, dev: 6904, test: 8251 };

/** Where the archives of the development and the test part unpack to. */
export const audioFolders = ['wav', 'dev/wav', 'test/wav', 'vox1_dev_wav/wav', 'vox1_test_wav/wav', '.'];
const splitFiles = ['iden_split.txt', 'meta/iden_split.txt'];

export const voxceleb1: Corpus = {
  name: 'voxceleb1',
  summary: 'VoxCeleb1, split for identification by iden_split.txt (sid)',
  understands: [],
  async find(root) {
    const splitFile = firstThere(root, splitFiles);
    if (splitFile === undefined) throw notThere(root, "VoxCeleb1's split", splitFiles);
    const files = new Map<string, string>();
    const remarks: string[] = [];
    for (const folder of audioFolders.filter((name) => existsSync(join(root, name)))) {
      if (folder === '.' && files.size > 0) continue;
      const below = join(root, folder);
      for (const name of await filesBelow(below, remarks))
        if (!files.has(name)) files.set(name, join(below, name));
    }
    const rows: CorpusRow[] = [];
    const missing: string[] = [];
    for (const [i, line] of (await linesOf(splitFile)).entries()) {
      const [, set = '', path = ''] = /^([123])\s+(id\d{5}\/\S+\/\d{5}\.wav)\s*$/.exec(line) ?? [];
      const split = splitNames[set];
      if (split === undefined) {
        throw new UserError(`invalid line '${line}' in the split file`, {
          file: splitFile,
          line: i + 1,
          hint: 'Download it again; expected lines such as: 1 id10001/1zcIwhmdeo4/00001.wav',
        });
      }
      const file = files.get(path);
      if (file === undefined) {
        missing.push(path);
        continue;
      }
      const [speaker = '', video = ''] = path.split('/');
      const id = path.slice(0, -4).replaceAll('/', '-');
      rows.push({ id, file, split, columns: { speaker, video } });
    }
    if (rows.length === 0)
      throw notThere(root, 'audio of VoxCeleb1', ['wav/id10001/1zcIwhmdeo4/00001.wav'], remarks);
    return {
      manifests: { sid: rows },
      remarks: [
        ...remarks,
        ...missingRemark('iden_split.txt', missing),
        ...Object.entries(known).flatMap(([split, count]) =>
          countRemark(split, rows.filter((row) => row.split === split).length, count),
        ),
      ],
    };
  },
};
