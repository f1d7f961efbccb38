/** @file What the page's script draws: data alone, since colours and sizes are the reader's. */

/** A value for each encoder, with its interval. */
export interface IntervalsChart {
  readonly kind: 'intervals';
  /** Of the axis: `wer %, lower is better`. */
  readonly axis: string;
  readonly rows: readonly {
    readonly label: string;
    /** Which of the page's colours: an encoder has the same one everywhere. */
    readonly colour: number;
    readonly value: number;
    readonly interval: readonly [low: number, high: number] | undefined;
  }[];
}

/** Lines over updates. */
export interface CurvesChart {
  readonly kind: 'curves';
  readonly axis: string;
  readonly series: readonly {
    readonly label: string;
    readonly colour: number;
    readonly points: readonly (readonly [update: number, value: number])[];
  }[];
}

/** A point for each encoder: what it costs and what it is worth. */
export interface CostChart {
  readonly kind: 'cost';
  readonly costAxis: string;
  readonly axis: string;
  readonly points: readonly {
    readonly label: string;
    readonly colour: number;
    readonly cost: number;
    readonly value: number;
  }[];
}

/** What each hidden state alone is worth, with its interval, beside the weighted sum of all. */
export interface LayersChart {
  readonly kind: 'layers';
  readonly axis: string;
  readonly series: readonly {
    readonly label: string;
    readonly colour: number;
    readonly sum: number;
    readonly points: readonly {
      readonly layer: number;
      readonly value: number;
      readonly interval: readonly [low: number, high: number] | undefined;
    }[];
  }[];
}

/** Values over the states of someone's work, with their intervals and what changed. */
export interface HistoryChart {
  readonly kind: 'history';
  readonly axis: string;
  readonly states: readonly string[];
  readonly series: readonly {
    readonly label: string;
    readonly colour: number;
    readonly points: readonly {
      /** Place among the states. */
      readonly state: number;
      readonly value: number;
      readonly interval: readonly [low: number, high: number] | undefined;
      /** How it stands to the point before; what could not be compared is not joined to it. */
      readonly change: 'regressed' | 'improved' | 'holds' | 'could not compare' | undefined;
      /** More for the tooltip. */
      readonly note: string;
    }[];
  }[];
}

export type Chart = IntervalsChart | CurvesChart | CostChart | LayersChart | HistoryChart;

/** By the id of the element that a chart is drawn in. */
export type Charts = Readonly<Record<string, Chart>>;
