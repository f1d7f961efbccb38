/** @file The option `--tensorboard DIR` of the commands that train. */
export const tensorboardOption = {
  type: 'string',
  describe: 'Folder for TensorBoard event files',
} as const;
