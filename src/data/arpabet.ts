/** @file The phones of English as pronunciation lexicons of LibriSpeech write them. */

const vowels = 'AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW';
const consonants = 'B CH D DH F G HH JH K L M N NG P R S SH T TH V W Y Z ZH';

/** ARPAbet in alphabetic order, vowels with their stress: none, primary, secondary. */
const speech = [
  ...vowels.split(' ').flatMap((vowel) => [0, 1, 2].map((stress) => `${vowel}${stress}`)),
  ...consonants.split(' '),
].sort();

/** Silence and noise, which no lexicon holds, and ARPAbet: the order of s3prl's downstream/ctc/vocab/phoneme.txt. */
export const arpabetPhones: readonly string[] = ['SIL', 'SPN', ...speech];
