/** @file What tasks ask to be trained: the specs of head kinds, those of the built-in ones among them. */

/** Plain data and functions; whatever else a kind wants to know. */
export interface HeadSpec {
  /** Names the head kind that trains it. */
  readonly kind: string;
}

/** Softmax layer weights, Linear, mean over time, and one Linear classifier a slot. */
export interface PooledSpec extends HeadSpec {
  readonly kind: 'pooled-linear';
  readonly slots: readonly { readonly column: string; readonly classes: readonly string[] }[];
}

/** Softmax layer weights, Linear, five layers over few frames each, mean and deviation over time, a Linear: AM-softmax. */
export interface XVectorSpec extends HeadSpec {
  readonly kind: 'x-vector';
  /** The column of train that says who speaks, and those who do. */
  readonly column: string;
  readonly classes: readonly string[];
}

/** Softmax layer weights, an LSTM layer and a Linear: which speakers speak, frame by frame, in whatever order they stand. */
export interface SpeakerActivitySpec extends HeadSpec {
  readonly kind: 'speaker-activity';
  /** The column of turns, `speaker start end; ...` in seconds. */
  readonly column: string;
  readonly speakers: number;
}

/** Softmax layer weights, Linear, BLSTM layers and a Linear over tokens for each frame, trained with CTC. */
export interface CtcSpec extends HeadSpec {
  readonly kind: 'frame-ctc';
  /** The column that holds the text. */
  readonly column: string;
  readonly tokens: readonly string[];
  readonly blank: number;
  /** The tokens of a text. */
  encode(text: string): readonly number[];
  /** The text of tokens that hold no blank and no repetition. */
  decode(tokens: readonly number[]): string;
  /**
   * `decode` of a head that has learnt other tokens, where they depend on the texts (default: such a head cannot be judged
   * on other texts).
   */
  decodeOf?(tokens: readonly string[]): (tokens: readonly number[]) => string;
}

/** No training: frames of a query are aligned with those of a document; scores of the task's pairs. */
export interface DtwSpec extends HeadSpec {
  readonly kind: 'subsequence-dtw';
  /** The column of the pairs that names the query, for remarks. */
  readonly query: string;
}
