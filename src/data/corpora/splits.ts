/** @file Which recordings are for training and which are held out: by what is said, for all speakers alike, or by any key. */
import { hashText } from '../../base/random.js';

export type Split = 'train' | 'dev' | 'test';

/** The split of everything that shares a text: about 70 % train, 10 % dev, 20 % test. */
export function splitOfText(text: string): Split {
  const share = (hashText(`held out: ${text}`) >>> 0) / 2 ** 32;
  return share < 0.7 ? 'train' : share < 0.8 ? 'dev' : 'test';
}

/** About 80 % train, 10 % dev, 10 % test; the same key is always in the same split. */
export function drawnSplit(key: string): Split {
  const share = (hashText(`split: ${key}`) >>> 0) / 2 ** 32;
  return share < 0.8 ? 'train' : share < 0.9 ? 'dev' : 'test';
}
