/** @file Where the nodes of a session run: what the runtime says of how it shared a graph among its execution providers. */
import type { Address } from './foreign.js';
import type { OrtLibrary } from './library.js';

/** The entry of a session's options that has it remember where its nodes run. */
export const rememberPlaces = ['session.record_ep_graph_assignment_info', '1'] as const;

export interface PlacedNode {
  readonly operator: string;
  readonly name: string;
  /** As the runtime calls it: `CPUExecutionProvider`. */
  readonly provider: string;
}

/**
 * The nodes of a session's graph as they were shared out, before the runtime put copies between them.
 * @param session made with `rememberPlaces`
 */
export function placedNodes(library: OrtLibrary, session: Address): PlacedNode[] {
  const { api } = library;
  return listed(library, (list, count) => api.call('GetEpGraphAssignmentInfo', session, list, count)).flatMap(
    (graph) => {
      const provider = textOf(library, api.make('AssignedGraphEpName', graph));
      const nodes = listed(library, (list, count) => api.call('AssignedGraphNodes', graph, list, count));
      return nodes.map((node) => ({
        provider,
        operator: textOf(library, api.make('AssignedNodeOperator', node)),
        name: textOf(library, api.make('AssignedNodeName', node)),
      }));
    },
  );
}

/** What a call lists; it belongs to the session. */
function listed(
  { foreign }: OrtLibrary,
  call: (list: (Address | null)[], count: number[]) => void,
): Address[] {
  const [list, count] = [[null as Address | null], [0]];
  call(list, count);
  return Array.from(
    { length: Number(count[0]) },
    (_, i) => foreign.decode(list[0], i * foreign.sizeof('void *'), 'void *') as Address,
  );
}

const textOf = ({ foreign }: OrtLibrary, address: Address): string =>
  foreign.decode(address, 'char', -1) as string;
