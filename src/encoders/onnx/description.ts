/** @file `encoder.json`: what someone says of an ONNX file, so that it can be an encoder. */
import { z } from 'zod';
import type { Path, Source } from '../../base/source-text.js';
import { checked } from '../../base/validation.js';
import { readJsonSource } from '../../formats/json-file.js';
import { inputAxes, outputAxes } from './layout.js';
import { logMelPresets, logMelSchema } from './log-mel-settings.js';

export const descriptionFile = 'encoder.json';

const count = z.number().int().min(1).max(100_000_000);
const name = z.string().min(1).max(1000);
const layoutOf = <const Axes extends readonly [string, ...string[]]>(axes: Axes, needed: string) =>
  z
    .array(z.enum(axes))
    .min(1)
    .max(8)
    .refine((layout) => (layout as readonly string[]).filter((axis) => axis === needed).length === 1, {
      error: `expected the axis '${needed}' exactly once`,
    });

const windowSchema = z
  .strictObject({
    /** Steps that the model takes: samples, or with `of: "frames"` frames of the front end. */
    size: count,
    hop: count.optional(),
    of: z.enum(['samples', 'frames']).default('samples'),
    context: z.number().int().min(0).max(100_000_000).default(0),
    overlap: z.enum(['mean', 'middle']).default('mean'),
    end: z.enum(['pad', 'drop']).optional(),
  })
  .refine(({ size, hop = size }) => hop <= size, {
    error: "expected at most the value of 'size'",
    path: ['hop'],
  });

const frontEndSchema = z.union([
  z.strictObject({
    /** Another ONNX file of the folder, from a waveform to features. */
    model: name,
    /** How its features are brought to the model: value * scale + shift. */
    scale: z.number().default(1),
    shift: z.number().default(0),
    layout: z
      .array(z.enum(['batch', 'frames', 'dim', 'one']))
      .min(1)
      .max(8)
      .optional(),
  }),
  logMelSchema,
]);

const normalizationSchema = z.union([
  z.enum(['none', 'utterance', 'peak']),
  /** Power of the whole utterance, in decibels below that of the largest square wave. */
  z.strictObject({ decibels: z.number().min(-120).max(0), onlyIncrease: z.boolean().default(false) }),
]);

const outputSchema = z.strictObject({
  name,
  layout: z
    .array(z.enum(outputAxes))
    .min(1)
    .max(8)
    .refine((layout) => layout.filter((axis) => axis === 'frames').length <= 1, {
      error: "expected the axis 'frames' at most once",
    })
    .refine((layout) => layout.includes('dim'), { error: "expected the axis 'dim'" })
    .optional(),
});

export const descriptionSchema = z.strictObject({
  /** The file; left out where the folder has one ONNX file. */
  model: name.optional(),
  /** What tables call it. */
  name: name.optional(),
  sampleRateHz: z.number().int().min(1000).max(384_000).default(16_000),
  normalization: normalizationSchema.default('none'),
  /** What samples are multiplied by afterwards: 32768 for models of 16-bit numbers. */
  scale: z.number().default(1),
  frontEnd: frontEndSchema.optional(),
  input: z
    .strictObject({ name: name.optional(), layout: layoutOf(inputAxes, 'time').optional() })
    .default({}),
  /** An input that is told how many samples (or frames of features) there are. */
  lengths: name.optional(),
  /** An input of ones, one a sample (or frame of features). */
  mask: name.optional(),
  constants: z.record(name, z.union([z.number(), z.array(z.number()).max(10_000)])).default({}),
  /** Inputs that a window gets from the window before, by the output that gives them; zeros at first. */
  state: z.record(name, name).default({}),
  outputs: z
    .array(z.union([name, outputSchema]))
    .min(1)
    .max(1000)
    .optional(),
  window: windowSchema.optional(),
});

export type Description = z.infer<typeof descriptionSchema>;
export type FrontEnd = z.infer<typeof frontEndSchema>;
export type Normalization = z.infer<typeof normalizationSchema>;

/**
 * Reads a description.
 * @throws UserError with a line for each setting that is wrong or unknown, with the one that was meant
 */
export async function readDescription(file: string): Promise<Description> {
  const source = await readJsonSource(file, 'It describes an ONNX file');
  return checked(descriptionSchema, source, { completed: withPreset(source), otherKeys, hint: formatHint });
}

const formatHint = "See docs/encoders.md; 'ehmam inspect MODEL.onnx --describe' writes a draft";

/** A preset is no setting of its own: it stands for others. */
const otherKeys = (path: Path): readonly string[] =>
  path.length === 1 && path[0] === 'frontEnd' ? ['preset'] : [];

/** A front end that names a preset has its settings, but for those written beside it. */
function withPreset(source: Source): unknown {
  const { value } = source;
  const frontEnd = (value as { frontEnd?: { preset?: unknown } } | null)?.frontEnd;
  if (typeof frontEnd !== 'object' || frontEnd === null || !('preset' in frontEnd)) return value;
  const { preset, ...own } = frontEnd;
  const name = presetSchema.safeParse(preset).data;
  if (name === undefined) checked(withPresetSchema, source, { hint: formatHint });
  return {
    ...(value as object),
    frontEnd: { ...logMelPresets[name as keyof typeof logMelPresets], ...own },
  };
}

const presetSchema = z.enum(Object.keys(logMelPresets) as [keyof typeof logMelPresets]);
const withPresetSchema = z.looseObject({ frontEnd: z.looseObject({ preset: presetSchema }) });
