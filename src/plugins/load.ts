/** @file Loads plug-ins: checks all that a module brings, then registers all of it. */
import { type Plugin, pluginApiVersion } from '../api/plugin.js';
import { messageOf, UserError } from '../base/errors.js';
import { moduleText } from '../base/module-name.js';
import { hintOfName } from '../base/names.js';
import type { Registry } from '../base/registry.js';
import { encoderFamilies } from '../encoders/registry.js';
import { headKinds } from '../heads/registry.js';
import { maskings } from '../pretrain/masking/registry.js';
import { guardedTask } from './guarded-task.js';
import { importPlugin } from './import-module.js';
import { knownTasks } from './known-tasks.js';
import { encoderShape, faultOf, headShape, maskingShape, type Shape, taskShape } from './shapes.js';

/** The fields of a plug-in that hold items. */
type Field = Exclude<keyof Plugin, 'apiVersion'>;

/** Checks an item of one kind; what is given back registers it. */
type Admission = (item: unknown, place: string, module: string) => { readonly name: string; add(): void };

const admissions: Readonly<Record<Field, Admission>> = {
  tasks: admissionTo(knownTasks, taskShape, guardedTask),
  heads: admissionTo(headKinds, headShape),
  encoders: admissionTo(encoderFamilies, encoderShape),
  maskings: admissionTo(maskings, maskingShape),
};

function admissionTo<T>(
  registry: Registry<T>,
  shape: Shape,
  prepare: (item: T, module: string) => T = (item) => item,
): Admission {
  return (item, place, module) => {
    const name = (item as Readonly<Record<string, unknown>> | null | undefined)?.[shape.name];
    const fault = faultOf(item, shape);
    if (fault !== undefined) {
      const which = typeof name === 'string' ? `${place} ('${name}')` : place;
      throw wrong(module, `${which}: ${fault}`, `It has ${Object.keys(shape.fields).join(', ')}`);
    }
    const prepared = prepare(item as T, module);
    const conflict = conflictOf(registry, prepared, module, place);
    if (conflict !== undefined) throw conflict;
    return { name: name as string, add: () => registry.register(prepared, module) };
  };
}

/** A registry may ask an item for more than its name. */
function conflictOf<T>(registry: Registry<T>, item: T, module: string, place: string): UserError | undefined {
  try {
    return registry.conflictOf(item, module);
  } catch (error) {
    return wrong(module, `${place} failed (${messageOf(error)})`);
  }
}

const example = 'export default { apiVersion: 1, tasks: [...] }; see tasks/README.md';

const wrong = (module: string, what: string, hint?: string): UserError =>
  new UserError(`plug-in '${moduleText(module)}': ${what}`, hint === undefined ? {} : { hint });

/**
 * Loads plug-ins and registers what they bring; one that is loaded already stays.
 * @param modules absolute paths or names of packages (see `moduleFrom`)
 * @throws UserError naming the module that is not found, fails while it is loaded, is no plug-in or one for another
 *   version, and the item that is wrong or whose name is taken; then nothing of that module is registered
 */
export async function loadPlugins(modules: readonly string[]): Promise<void> {
  for (const module of new Set(modules)) {
    const plugin = pluginOf(await importPlugin(module), module);
    for (const { add } of admitted(plugin, module)) add();
  }
}

/** The default export, checked but for its items. */
function pluginOf(
  exported: Readonly<Record<string, unknown>>,
  module: string,
): Readonly<Record<string, unknown>> {
  const fields = Object.keys(admissions) as Field[];
  const earlier = fields.find((field) => Array.isArray(exported[field]));
  const { default: plugin } = exported;
  if (plugin === undefined && earlier !== undefined)
    throw wrong(
      module,
      `outdated plug-in format: it exports '${earlier}' by name`,
      `Write: export default { apiVersion: ${pluginApiVersion}, ${earlier} }`,
    );
  if (plugin === undefined) throw wrong(module, 'no default export', `Write ${example}`);
  if (typeof plugin !== 'object' || plugin === null)
    throw wrong(module, 'the default export must be an object', `Write ${example}`);
  const given = plugin as Readonly<Record<string, unknown>>;
  const { apiVersion, ...others } = given;
  if (apiVersion === undefined) throw wrong(module, 'apiVersion is missing', `Write ${example}`);
  if (apiVersion !== pluginApiVersion)
    throw wrong(
      module,
      `written for plug-in API version ${String(apiVersion)}; this ehmam has version ${pluginApiVersion}`,
    );
  for (const [field, value] of Object.entries(others)) {
    if (!(field in admissions)) throw wrong(module, `unknown field '${field}'`, hintOfName(field, fields));
    if (value !== undefined && !Array.isArray(value)) throw wrong(module, `'${field}' must be a list`);
  }
  if (fields.every((field) => ((given[field] ?? []) as readonly unknown[]).length === 0))
    throw wrong(module, 'exports nothing that ehmam can use', `Expected one or more of ${fields.join(', ')}`);
  return given;
}

function admitted(plugin: Readonly<Record<string, unknown>>, module: string): ReturnType<Admission>[] {
  return (Object.keys(admissions) as Field[]).flatMap((field) => {
    const names = new Set<string>();
    return ((plugin[field] ?? []) as readonly unknown[]).map((item, i) => {
      const admission = admissions[field](item, `${field}[${i}]`, module);
      if (names.has(admission.name))
        throw wrong(
          module,
          `duplicate name '${admission.name}' in ${field}`,
          'Choose a unique name for each',
        );
      names.add(admission.name);
      return admission;
    });
  });
}
