/** @file The check of operators: a case for each that a lowering may use, and a wrong engine is named. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import type { HostTensor } from '../base/host-tensor.js';
import { activeTraceBackend, traceBackendName, withBackend } from './backend.js';
import type { Engine } from './engine.js';
import { engineUnderTest } from './engines.fixture.js';
import { GraphBuilder } from './graph.js';
import { onnxOperators } from './onnx-operators.js';
import { operatorCases } from './operator-cases.js';
import { checkedOnce, checkOperators, differencesText, wrongDevice } from './operator-check.js';

const cache = mkdtempSync(join(tmpdir(), 'ehmam-operators-'));
afterAll(() => rmSync(cache, { recursive: true }));

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

/** An engine that changes what programs of some operator return. */
const wrong = (engine: Engine, operator: string, change: (tensor: HostTensor) => HostTensor): Engine => ({
  ...engine,
  compile: (fn, options) => {
    const program = engine.compile(fn, options);
    if (!options.name.startsWith(operator)) return program;
    return {
      ...program,
      run: async (inputs) => {
        const outputs = await program.run(inputs);
        return Object.fromEntries(
          Object.entries(outputs).map(([name, tensor]) => [name, change(tensor as HostTensor)]),
        ) as typeof outputs;
      },
    };
  },
});

const firstChanged =
  (by: number) =>
  (tensor: HostTensor): HostTensor => {
    const data = tensor.data.slice() as typeof tensor.data;
    data[0] = (data[0] as number) + by;
    return { ...tensor, data };
  };

it('nothing differs between two engines on the processor, and a wrong one is named by operator and sizes', async () => {
  const engine = await engineUnderTest('onnx');
  expect(await checkOperators(engine, engine)).toEqual([]);
  const grouped = wrong(engine, 'Conv (144 channels in 16 groups, 19 taps)', firstChanged(0.5));
  const found = await checkOperators(grouped, engine);
  expect(found).toEqual([
    { operator: 'Conv', sizes: '144 channels in 16 groups, 19 taps', difference: expect.any(Number) },
  ]);
  expect(differencesText(found)).toMatch(/^Conv \(144 channels in 16 groups, 19 taps\) differs by 0\.\d+$/);
  expect(wrongDevice('webgpu', found).message).toMatch(
    /^the provider webgpu does not compute as the processor: Conv \(.*\) differs by .*\. Update its driver, or use --provider cpu$/,
  );
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
  const [found] = await checkOperators(wrong(engine, operator, change()), engine, { cases, tolerance: 100 });
  expect(found).toMatchObject({ difference: Number.MAX_VALUE });
});

it('an operator that the engine cannot run is named with what it says', async () => {
  const engine = await engineUnderTest('onnx');
  const cases = operatorCases.slice(0, 2);
  const failing = wrong(engine, 'Add', () => {
    throw new Error('no such kernel\nmore');
  });
  const found = await checkOperators(failing, engine, { cases });
  expect(found).toMatchObject([{ failure: 'no such kernel\nmore' }, { failure: 'no such kernel\nmore' }]);
  expect(differencesText(found.slice(0, 1))).toBe('Add ([131] and [131]) fails: no such kernel');
});

it('what was found is kept for a device with its driver and versions, also without a difference', async () => {
  vi.stubEnv('EHMAM_CACHE', cache);
  let checks = 0;
  const check = async () => {
    checks++;
    return checks === 1 ? [] : [{ operator: 'Conv', sizes: 'odd', difference: Number.MAX_VALUE }];
  };
  const device = ['cuda', 'H100', '580.65.06', '1.30.0'];
  expect(await checkedOnce(device, check)).toEqual([]);
  expect(await checkedOnce(device, check)).toEqual([]);
  const updated = [...device.slice(0, 2), '580.95.05', '1.30.0'];
  for (let i = 0; i < 2; i++)
    expect(await checkedOnce(updated, check)).toMatchObject([{ operator: 'Conv', sizes: 'odd' }]);
  expect(checks).toBe(2);
});
