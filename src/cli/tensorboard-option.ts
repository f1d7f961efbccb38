/** @file The option `--tensorboard DIR` of the commands that train. */
export const tensorboardOption = {
  type: 'string',
  describe: 'Folder for event files of TensorBoard: loss, rate, scores on dev as they come',
} as const;
