/** @file What trainers keep beside weights and no reader of weights needs: recognised by name, never made or run. */

/** Stands for a value that was passed over; a pickle may add to it what it likes. */
class PassedOver {
  constructor(readonly passedOver: string) {}
  push(): void {}
  add(): void {}
  set(): void {}
  __setstate__(): void {}
}

/** Settings by OmegaConf: a dictionary of nodes, of which the values are kept. */
class SettingsDictionary extends Map<unknown, unknown> {
  __setstate__(state: unknown): void {
    const content = fieldOf(state, '_content');
    if (content instanceof Map) for (const [key, node] of content) this.set(key, plainOf(node));
  }
}

class SettingsList extends Array<unknown> {
  __setstate__(state: unknown): void {
    const content = fieldOf(state, '_content');
    if (Array.isArray(content)) for (const node of content) this[this.length] = plainOf(node);
  }
}

class SettingsNode {
  value: unknown;
  __setstate__(state: unknown): void {
    this.value = fieldOf(state, '_val');
  }
}

const fieldOf = (state: unknown, name: string): unknown =>
  state instanceof Map ? state.get(name) : undefined;
const plainOf = (node: unknown): unknown => (node instanceof SettingsNode ? node.value : node);

/** A function that a pickle may call, or make a value with by `new`. */
type Maker = (...values: unknown[]) => unknown;

const makers: Readonly<Record<string, Maker>> = {
  'collections.defaultdict': function defaultdict() {
    return new Map();
  },
  'collections.Counter': function counter(counts) {
    return counts instanceof Map ? counts : new Map();
  },
  'builtins.dict': function dict(pairs) {
    return pairs instanceof Map ? pairs : new Map();
  },
  'builtins.list': asList,
  'builtins.tuple': asList,
  'builtins.set': asList,
  'builtins.frozenset': asList,
  'omegaconf.dictconfig.DictConfig': function dictConfig() {
    return new SettingsDictionary();
  },
  'omegaconf.listconfig.ListConfig': function listConfig() {
    return new SettingsList();
  },
};

function asList(items: unknown): unknown[] {
  return Array.isArray(items) ? [...(items as unknown[])] : [];
}

const omegaNode = /^omegaconf\.nodes\.\w+$/;

/** Types and constructors of plain data; whatever could act (load, system, eval, getattr) is not among them. */
const plainData: readonly RegExp[] = [
  /^builtins\.(bool|bytearray|bytes|complex|float|int|long|object|range|slice|str|type|unicode|xrange|Ellipsis|NotImplemented)$/,
  /^(types\.SimpleNamespace|functools\.partial|re\._compile)$/,
  /^numpy\.(ndarray|dtype|number|generic|(bool|int|uint|float|complex|str|bytes|object|void|datetime|timedelta|longlong|intc|half|single|double)[0-9_]*)$/,
  /^numpy\.dtypes\.\w+$/,
  /^numpy\._?core\.(multiarray|numeric)\.(_reconstruct|scalar|_frombuffer)$/,
  /^numpy\.random\.(_pickle|mtrand|_mt19937|_pcg64|_philox|_sfc64|_generator|bit_generator)\.\w+$/,
  /^numpy\.ma\.core\.(_mareconstruct|MaskedArray)$/,
  /^torch\.(_C\.)?(device|dtype|Generator|layout|memory_format|strided|contiguous_format|Tensor|Size|per_\w+_affine)$/,
  /^torch\._C\._nn\.\w+$/,
  /^torch\.(bool|half|float|double|bfloat|int|uint|long|short|complex|quint|qint|float8_\w+)\d*$/,
  /^torch\.(nn|optim|cuda\.amp|amp)(\.\w+)+$/,
  /^torch\._utils\._rebuild_\w+$/,
  /^torch\.serialization\._get_layout$/,
  /^omegaconf(\.\w+)+$/,
  /^(fairseq|examples)(\.\w+)+$/,
  /^argparse\.\w+$/,
  /^collections\.(deque|ChainMap|UserDict|UserList|namedtuple)$/,
  /^User(Dict|List|String)\.\w+$/,
  /^pathlib(\._local)?\.(Pure)?(Posix|Windows)?Path$/,
  /^(datetime|decimal|fractions|enum|typing|uuid|numbers)\.\w+$/,
  /^_codecs\.encode$/,
  /^copyreg\._reconstructor$/,
];

/** What stands for a harmless name; undefined for any other. */
export function harmless(module: string, name: string): Maker | undefined {
  // Python 3 writes the names of Python 2 where the protocol is old.
  const full = `${{ __builtin__: 'builtins', copy_reg: 'copyreg' }[module] ?? module}.${name}`;
  const maker = Object.hasOwn(makers, full) ? makers[full] : undefined;
  if (maker !== undefined) return maker;
  if (omegaNode.test(full)) {
    return function node() {
      return new SettingsNode();
    };
  }
  if (!plainData.some((pattern) => pattern.test(full))) return undefined;
  return function passedOver() {
    return new PassedOver(full);
  };
}
