/** @file The options that name plug-ins. */
export const pluginOption = {
  type: 'string',
  describe: 'Modules with further masking strategies: ./path.js or packages, with commas between',
} as const;

/** The same for tasks. */
export const taskPluginOption = {
  type: 'string',
  describe: 'Modules with further tasks: ./path.js or packages, with commas between',
} as const;
