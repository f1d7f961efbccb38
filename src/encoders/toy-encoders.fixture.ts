/** @file Small encoders of every family and configuration, no parameter of which has its initial value. */
import { join } from 'node:path';
import { float32, floatsOf, type HostParameters } from '../base/host-tensor.js';
import { normals } from '../engine/engines.fixture.js';
import { type Checkpoint, checkpointEncoder } from './checkpoint.js';
import { configure } from './configured.js';
import type { Encoder } from './encoder.js';
import type { EhmamConfig } from './families/ehmam-config.js';
import { loadEncoder } from './load.js';
import { startParameters } from './parameter-specs.js';

const huggingface = 'test/fixtures/huggingface';

/** EH-MAM's settings that the fixtures of the released code do not have. */
const ehmam: EhmamConfig = {
  family: 'ehmam',
  frontend: { type: 'mel', bins: 6, stack: 2 },
  normalizeWaveform: false,
  width: 8,
  heads: 2,
  mlpRatio: 2,
  prenetBlocks: 1,
  blocks: 2,
  normFirst: true,
  normEpsilon: 1e-5,
  position: { kernel: 3, layers: 2, groups: 2 },
  decoder: { width: 8, groups: 2, kernel: 3, layers: 1 },
  dropout: {
    attention: 0.1,
    encoder: 0.1,
    activation: 0.1,
    afterMlp: 0.1,
    decoderInput: 0,
    prenet: 0.1,
    layer: 0,
  },
};

/** An encoder of a configuration, its parameters moved away from where they start. */
export function toyEncoder(config: unknown, parameters?: HostParameters): Encoder {
  const configured = configure(config, 'toy');
  const start = startParameters(configured.specs, 1);
  const moved = Object.entries(start).map(([name, value]) => {
    const noise = floatsOf(normals(value.shape, name, 0.2));
    return [
      name,
      float32(
        value.shape,
        floatsOf(value).map((x, i) => x + (noise[i] as number)),
      ),
    ] as const;
  });
  const checkpoint: Checkpoint = {
    name: 'toy',
    configured,
    tensors: parameters ?? Object.fromEntries(moved),
    file: 'toy',
    origin: { format: 'toy', files: [] },
    notes: [],
  };
  return checkpointEncoder('toy', checkpoint);
}

const hub = (name: string) => [name, () => loadEncoder(join(huggingface, name))] as const;

/** By name; each is made when asked for. */
export const toyEncoders: readonly (readonly [name: string, make: () => Promise<Encoder>])[] = [
  ['fbank', () => loadEncoder('fbank')],
  ['ehmam', () => loadEncoder('test/fixtures/ehmam-official/tiny.pt')],
  ['ehmam, log-mel frames, norms first', async () => toyEncoder(ehmam)],
  [
    'ehmam, log-mel frames in stacks of 3, an even kernel',
    async () =>
      toyEncoder({
        ...ehmam,
        normFirst: false,
        frontend: { type: 'mel', bins: 5, stack: 3 },
        position: { kernel: 4, layers: 2, groups: 2 },
      } satisfies EhmamConfig),
  ],
  hub('wav2vec2-group'),
  hub('wav2vec2-layer'),
  hub('hubert-group'),
  hub('hubert-layer'),
  hub('hubert-batch-norm'),
  hub('wavlm-group'),
  hub('wavlm-layer'),
  hub('data2vec-audio'),
  hub('unispeech'),
  hub('unispeech-sat'),
  hub('sew'),
  hub('sew-wide'),
  hub('wav2vec2-conformer-relative'),
  hub('wav2vec2-conformer-rotary'),
  hub('wav2vec2-bert'),
  // Windows of 0.2 s: more than one an utterance.
  hub('whisper'),
];
