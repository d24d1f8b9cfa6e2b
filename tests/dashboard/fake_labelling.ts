/** Takes examples in memory, and lists texts that a model was unsure of. */
import type { ExampleOverview, Labelling, NewExample, Refused, RetrainingState } from "../../lib/predict/labelling.ts";
import { UncertainInputs } from "../../lib/predict/uncertain.ts";
import type { Input, Prediction } from "../../lib/predict/types.ts";

const AT = "2026-01-02T03:04:05.000Z";

export class FakeLabelling implements Labelling {
  readonly textColumn = "text";
  readonly labelColumn = "label";
  readonly uncertain: UncertainInputs | undefined;
  /** The examples that were added and not removed, by id. */
  readonly kept = new Map<number, NewExample>();
  /** Answer to the next requests, in place of success. */
  refused: Refused | undefined;
  retraining: RetrainingState | undefined;
  #last = 0;

  /** `texts` are uncertain, the first one the least sure; undefined: none are remembered. */
  constructor(labels: readonly string[], texts: readonly Input[] | undefined = [], change: Partial<Prediction> = {}) {
    if (!texts) return;
    this.uncertain = new UncertainInputs({ most: 50, labels });
    texts.forEach((text, at) => {
      const first = 0.5 + 0.01 * at;
      const probabilities = labels.map((_, label) => label === 0 ? first : (1 - first) / (labels.length - 1));
      const prediction = { class: 0, label: labels[0]!, probabilities, ...change };
      this.uncertain!.observe([text], { predictions: [prediction], digest: "d7" });
    });
  }

  readonly examples = {
    add: (examples: readonly NewExample[]): Promise<readonly number[] | Refused> => {
      if (this.refused) return Promise.resolve(this.refused);
      return Promise.resolve(examples.map((example) => {
        this.kept.set(++this.#last, example);
        return this.#last;
      }));
    },
    remove: (id: number): Promise<boolean | Refused> => Promise.resolve(this.refused ?? this.kept.delete(id)),
    overview: (): Promise<ExampleOverview | Refused> => {
      if (this.refused) return Promise.resolve(this.refused);
      const newest = [...this.kept].map(([id, { row }]) => ({ ...row, example: { id, at: AT } }));
      const counts = new Map<string, number>();
      for (const { labels } of this.kept.values()) {
        for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
      }
      const labels = [...counts].map(([label, count]) => ({ label, count }));
      const { retraining } = this;
      return Promise.resolve({ count: this.kept.size, labels, newest, ...retraining && { retraining } });
    },
  };

  /** The rows that were added, in order. */
  get rows(): Readonly<Record<string, unknown>>[] {
    return [...this.kept.values()].map(({ row, who }) => who === undefined ? row : { ...row, who });
  }
}
