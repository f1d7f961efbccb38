/** @file The two ways of training heads: `clean`, ours, and `superb`, with the reference's numbers. */

export const presetNames = ['clean', 'superb'] as const;
export type PresetName = (typeof presetNames)[number];
