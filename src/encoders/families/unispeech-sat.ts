/** @file UniSpeech-SAT (Chen et al., 2022), as UniSpeechSatModel of transformers: wav2vec 2.0's network, told speakers apart. */
import { plainFamily } from '../huggingface/plain-family.js';

export const unispeechSatFamily = plainFamily('unispeech-sat', 'unispeech_sat.', 'UniSpeechSat');
