/** @file What a study compares, as its report says it. */

/** One training. */
export interface StudyArm {
  /** The encoder's name in the results. */
  readonly encoder: string;
  readonly size: string;
  readonly strategy: string;
  readonly seed: number;
  readonly updates: number;
  /** Frames of an update, on average over the lengths of crops. */
  readonly framesEach: number;
}

export interface StudyDesign {
  readonly name: string;
  /** The strategy that the others are compared with. */
  readonly baseline: string;
  readonly strategies: readonly string[];
  readonly sizes: readonly string[];
  readonly seeds: readonly number[];
  /** Of each training: one of the three. */
  readonly budget: {
    readonly frames?: number | undefined;
    readonly hours?: number | undefined;
    readonly updates?: number | undefined;
  };
  readonly tasks: readonly string[];
  readonly arms: readonly StudyArm[];
}
