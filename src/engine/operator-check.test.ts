/** @file The check of operators: a case for each that a lowering may use, and a wrong engine is named. */
import { expect, it } from 'vitest';
import type { HostTensor } from '../base/host-tensor.js';
import { activeTraceBackend, traceBackendName, withBackend } from './backend.js';
import { engineUnderTest } from './engines.fixture.js';
import { GraphBuilder } from './graph.js';
import { onnxOperators } from './onnx-operators.js';
import { operatorCases } from './operator-cases.js';
import { checkOperators, differencesText } from './operator-check.js';
import { firstChanged, wrongEngine } from './wrong-engine.fixture.js';

it('every operator that a lowering may use has a case, which uses it', () => {
  const used = new Map<string, string[]>();
  for (const { operator, sizes, inputs, emit } of operatorCases) {
    const graph = new GraphBuilder();
    withBackend(traceBackendName, () =>
      activeTraceBackend()?.tracing(graph, () => {
        emit(
          graph,
          Object.values(inputs).map(({ shape, dtype }) => graph.input(shape, dtype)),
        );
      }),
    );
    expect(
      graph.finish().map(({ op }) => op),
      `${operator} (${sizes})`,
    ).toContain(operator);
    used.set(operator, [...(used.get(operator) ?? []), sizes]);
  }
  expect([...used.keys()].sort()).toEqual([...onnxOperators].sort());
  for (const sizes of used.values()) expect(new Set(sizes).size).toBe(sizes.length);
});

it('nothing differs between two engines on the processor, and a wrong one is named by operator and sizes', async () => {
  const engine = await engineUnderTest('onnx');
  expect(await checkOperators(engine, engine)).toEqual([]);
  const grouped = wrongEngine(engine, 'Conv (144 channels in 16 groups, 19 taps)', firstChanged(0.5));
  const found = await checkOperators(grouped, engine);
  expect(found).toEqual([
    { operator: 'Conv', sizes: '144 channels in 16 groups, 19 taps', difference: expect.any(Number) },
  ]);
  expect(differencesText(found)).toMatch(/^Conv \(144 channels in 16 groups, 19 taps\) differs by 0\.\d+$/);
  expect(await checkOperators(grouped, engine, { tolerance: 1 })).toEqual([]);
});

it.each([
  ['a value that is not a number', 'Exp ([1])', () => firstChanged(Number.NaN)],
  ['a whole number that differs', 'BitwiseXor', () => firstChanged(1)],
  ['another shape', 'Softmax ([7', () => (tensor: HostTensor) => ({ ...tensor, shape: [131, 7] })],
  ['another type', 'IsNaN (0', () => (tensor: HostTensor) => ({ ...tensor, dtype: 'int32' as const })],
])('%s differs in any case', async (_name, operator, change) => {
  const engine = await engineUnderTest('onnx');
  const cases = operatorCases.filter((each) => `${each.operator} (${each.sizes})`.startsWith(operator));
  expect(cases).toHaveLength(1);
  const [found] = await checkOperators(wrongEngine(engine, operator, change()), engine, {
    cases,
    tolerance: 100,
  });
  expect(found).toMatchObject({ difference: Number.MAX_VALUE });
});

it('an operator that the engine cannot run is named with what it says', async () => {
  const engine = await engineUnderTest('onnx');
  const cases = operatorCases.slice(0, 2);
  const failing = wrongEngine(engine, 'Add', () => {
    throw new Error('no such kernel\nmore');
  });
  const found = await checkOperators(failing, engine, { cases });
  expect(found).toMatchObject([{ failure: 'no such kernel\nmore' }, { failure: 'no such kernel\nmore' }]);
  expect(differencesText(found.slice(0, 1))).toBe('Add ([131] and [131]) fails: no such kernel');
});
