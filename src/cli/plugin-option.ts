/** @file The option that names plug-ins. */
export const pluginOption = {
  type: 'string',
  describe: 'Modules with further masking strategies: ./path.js or packages, with commas between',
} as const;
