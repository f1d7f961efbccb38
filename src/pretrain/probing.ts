/** @file Probes of an encoder while it is trained: when they are due. What a probe is, whoever asks for it knows. */
import type { HostParameters } from '../base/host-tensor.js';

/** Looks at the student as it stands: before the first update, after every so many, and after the last. */
export interface Probing {
  /** Updates between probes. */
  readonly every: number;
  /**
   * Told the student after so many updates. It may be told the same again by a training that goes on. What goes wrong in a
   * probe is its own affair: it throws nothing.
   */
  probe(update: number, student: HostParameters): Promise<void>;
}

/** Whether a probe is due where a training begins or goes on: the loop looks at the places that it reaches itself. */
export const dueAtStart = ({ every }: Probing, update: number, updates: number): boolean =>
  update % every === 0 || update >= updates;
