/** @file What is to be known of how a device runs a program: typed, and in words. */

export type EngineRemark = OnProcessor | WithoutKernels;

/** The device runs chains of operators where it should have kernels of our own: it is right, and slower. */
export interface WithoutKernels {
  readonly kind: 'without kernels';
  readonly reason: string;
}

export interface OnProcessor {
  /** Operators of a program that the processor runs, since the device has no kernel for them: their values cross over at every run. */
  readonly kind: 'on the processor';
  /** The program's name. */
  readonly program: string;
  /** How many nodes of the program each of them has, by the operators' names in ONNX. */
  readonly operators: ReadonlyMap<string, number>;
  /** Whether the device would record and replay the program's runs but for them. */
  readonly hinderRecording: boolean;
}

export function remarkText(remark: EngineRemark): string {
  if (remark.kind === 'without kernels')
    return `training is slower on this device than it could be: its own kernels cannot be used (${remark.reason})`;
  const { program, operators, hinderRecording } = remark;
  const names = [...operators].map(([name, count]) => (count === 1 ? name : `${name} (${count} times)`));
  const consequence = hinderRecording ? ', so its runs are not recorded and replayed' : '';
  return `${program}: the processor, not the device, runs ${names.join(', ')}${consequence}`;
}

/** Remarks told on, each text once: a program has a model for every shape. */
export function toldOnce(tell: (remark: EngineRemark) => void): (remark: EngineRemark) => void {
  const told = new Set<string>();
  return (remark) => {
    const text = remarkText(remark);
    if (told.has(text)) return;
    told.add(text);
    tell(remark);
  };
}
