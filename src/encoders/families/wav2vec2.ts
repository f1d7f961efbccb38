/** @file wav2vec 2.0 (Baevski et al., 2020), as Wav2Vec2Model of transformers: group or layer norms, base or large. */
import { plainFamily } from '../huggingface/plain-family.js';

export const wav2vec2Family = plainFamily('wav2vec2', 'wav2vec2.', 'Wav2Vec2');
