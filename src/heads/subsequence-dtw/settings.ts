/** @file What a suite may set about searching by example; the reference's numbers are the defaults. */
import { z } from 'zod';
import { storedTypes } from '../../features/shards.js';

export const dtwSettingsSchema = z.strictObject({
  /** A query of fewer frames is not looked for: it scores 0 with every document. */
  minimumFrames: z.int().positive().default(5),
  /** How frames are kept on disk. */
  frameType: z.enum(storedTypes).default('float16'),
});

export type DtwSettings = z.infer<typeof dtwSettingsSchema>;
