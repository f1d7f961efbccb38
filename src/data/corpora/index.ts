/** @file The corpora there are. */
import { asterisk } from './asterisk.js';
import type { Corpus } from './corpus.js';
import { fluentSpeechCommands } from './fluent-speech-commands.js';
import { folder } from './folder.js';
import { iemocap } from './iemocap.js';
import { libri2mix } from './libri2mix.js';
import { librispeech } from './librispeech.js';
import { quesst14 } from './quesst14.js';
import { snips } from './snips.js';
import { speechCommands } from './speech-commands.js';
import { voxceleb1 } from './voxceleb1.js';
import { voxceleb1Verification } from './voxceleb1-verification.js';

export type { Corpus, CorpusOptions } from './corpus.js';
export { type PreparedCorpus, prepareCorpus } from './prepare.js';

export const corpora: readonly Corpus[] = [
  librispeech,
  speechCommands,
  voxceleb1,
  voxceleb1Verification,
  libri2mix,
  fluentSpeechCommands,
  quesst14,
  iemocap,
  snips,
  asterisk,
  folder,
];
