/** @file What of an engine decides the numbers that it gives. */

/** What of an engine decides its numbers; `cpu` and `fp32` where nothing is said. */
export interface EngineIdentity {
  readonly name: string;
  readonly provider?: string | undefined;
  readonly precision?: string | undefined;
  readonly deterministic?: boolean | undefined;
}

/** The same for keys of what an engine computed; those of `fp32` are as they were before there was another precision. */
export const engineIdentity = (engine: EngineIdentity): readonly string[] => {
  const { name, provider = 'cpu', precision = 'fp32', deterministic = false } = engine;
  return [
    ...[name, provider],
    ...(precision === 'fp32' ? [] : [precision]),
    ...(deterministic ? ['deterministic'] : []),
  ];
};
