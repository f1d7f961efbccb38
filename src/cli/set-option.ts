/** @file The option `--set KEY=VALUE`, which changes one setting and may be given many times: `parseChanges` reads it. */

/** @param example a setting of the command: `batch.size=4` */
export const setOption = (example: string) =>
  ({
    type: 'string',
    array: true,
    nargs: 1,
    describe: `Change one setting, as KEY=VALUE: ${example} (repeatable)`,
  }) as const;
