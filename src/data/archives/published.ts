/** @file The archives that publishers give away: where they are, how large, and their digests. */
import type { RemoteFile } from '../../download/http.js';

export interface PublishedArchive extends RemoteFile {
  readonly name: string;
  readonly bytes: number;
  /** What `--subset` calls it. */
  readonly subset: string;
}

export interface PublishedCorpus {
  readonly corpus: string;
  readonly licence: string;
  /** Fetched where no subset is asked for: what SUPERB needs. */
  readonly usual: readonly string[];
  readonly archives: readonly PublishedArchive[];
}

/**
 * Sizes and SHA-256: tensorflow-datasets 4.9.10, datasets/librispeech/checksums.tsv. MD5: OpenSLR's md5sum.txt, as
 * Baidu's DeepSpeech (data/librispeech/librispeech.py) has it.
 */
const librispeech = (
  [
    [
      'dev-clean',
      337926286,
      '42e2234ba48799c1f50f24a7926300a1',
      '76f87d090650617fca0cac8f88b9416e0ebf80350acb97b343a85fa903728ab3',
    ],
    [
      'dev-other',
      314305928,
      'c8d0bcc9cca99d4f8b62fcc847357931',
      '12661c48e8c3fe1de2c1caa4c3e135193bfb1811584f11f569dd12645aa84365',
    ],
    [
      'test-clean',
      346663984,
      '32fa31d27d2e1cad72775fee3f4849a9',
      '39fde525e59672dc6d1551919b1478f724438a95aa55f874b576be21967e6c23',
    ],
    [
      'test-other',
      328757843,
      'fb5a50374b501bb3bac4815ee91d3135',
      'd09c181bba5cf717b3dee7d4d592af11a3ee3a09e08ae025c5506f6ebe961c29',
    ],
    [
      'train-clean-100',
      6387309499,
      '2a93770f6d5c6c964bc36631d331a522',
      'd4ddd1d5a6ab303066f14971d768ee43278a5f2a0aa43dc716b0e64ecbbbf6e2',
    ],
    [
      'train-clean-360',
      23049477885,
      'c0e676e450a7ff2f54aeade5171606fa',
      '146a56496217e96c14334a160df97fffedd6e0a04e66b9c5af0d40be3c792ecf',
    ],
    [
      'train-other-500',
      30593501606,
      'd1a0fd59409feb2c614ce4d30c387708',
      'ddb22f27f96ec163645d53215559df6aa36515f26e01dd70798188350adcb6d2',
    ],
  ] as const
).map(
  ([subset, bytes, md5, sha256]): PublishedArchive => ({
    name: `${subset}.tar.gz`,
    subset,
    url: `https://www.openslr.org/resources/12/${subset}.tar.gz`,
    bytes,
    md5,
    sha256,
  }),
);

/** Sizes and SHA-256: huggingface/datasets, datasets/superb/dataset_infos.json; no MD5 is published. */
const speechCommands = (
  [
    [
      'words',
      'speech_commands_v0.01',
      1489096277,
      '743935421bb51cccdb6bdd152e04c5c70274e935c82119ad7faeec31780d811d',
    ],
    [
      'test-set',
      'speech_commands_test_set_v0.01',
      71271436,
      'baa084f6b62c91de660ff0588ae4dfc4e4d534aa99ac0e5f406cba75836cbd00',
    ],
  ] as const
).map(
  ([subset, name, bytes, sha256]): PublishedArchive => ({
    name: `${name}.tar.gz`,
    subset,
    url: `http://download.tensorflow.org/data/${name}.tar.gz`,
    bytes,
    sha256,
  }),
);

export const publishedCorpora: readonly PublishedCorpus[] = [
  {
    corpus: 'librispeech',
    licence: 'CC BY 4.0',
    usual: ['train-clean-100', 'dev-clean', 'test-clean'],
    archives: librispeech,
  },
  {
    corpus: 'speech-commands-v1',
    licence: 'CC BY 4.0',
    usual: ['words', 'test-set'],
    archives: speechCommands,
  },
];

/** What the publisher says of an archive of this name and corpus; undefined where nothing is known. */
export function publishedArchive(corpus: string, name: string): PublishedArchive | undefined {
  return publishedCorpora
    .find((published) => published.corpus === corpus)
    ?.archives.find((archive) => archive.name === name);
}
