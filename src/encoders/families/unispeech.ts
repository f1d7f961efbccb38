/** @file UniSpeech (Wang et al., 2021), as UniSpeechModel of transformers: wav2vec 2.0's network, trained with phonemes too. */
import { plainFamily } from '../huggingface/plain-family.js';

export const unispeechFamily = plainFamily('unispeech', 'unispeech.', 'UniSpeech');
