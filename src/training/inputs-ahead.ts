/** @file The inputs of updates, made one update ahead while the last one is computed. */

export interface InputsAhead<Inputs> {
  /** Those of an update. */
  of(update: number): Promise<Inputs>;
  /** Begins to make those of an update that will be asked for. */
  begin(update: number): void;
}

/** @param make the inputs of an update: a matter of its number alone */
export function inputsAhead<Inputs>(make: (update: number) => Promise<Inputs>): InputsAhead<Inputs> {
  let begun: { readonly update: number; readonly inputs: Promise<Inputs> } | undefined;
  return {
    of(update) {
      const inputs = begun?.update === update ? begun.inputs : make(update);
      begun = undefined;
      return inputs;
    },
    begin(update) {
      const inputs = make(update);
      // Who awaits it gets the error; one that nobody awaits any more must not end the process.
      inputs.catch(() => undefined);
      begun = { update, inputs };
    },
  };
}
