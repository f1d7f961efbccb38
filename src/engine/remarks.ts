/** @file What is to be known of how a device runs a program: typed, and in words. */

export interface EngineRemark {
  /** Operators of a program that the processor runs, since the device has no kernel for them: their values cross over at every run. */
  readonly kind: 'on the processor';
  /** The program's name. */
  readonly program: string;
  /** How many nodes of the program each of them has, by the operators' names in ONNX. */
  readonly operators: ReadonlyMap<string, number>;
  /** Whether the device would record and replay the program's runs but for them. */
  readonly hinderRecording: boolean;
}

export function remarkText({ program, operators, hinderRecording }: EngineRemark): string {
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
