/// <reference lib="dom" />
/** Shows the metrics of the run in large digits. */
import { counted } from "../../lib/base/counted.ts";
import { byId, setText } from "../page/dom.ts";
import { count, loss, percent } from "../state/format.ts";
import { isStopped, recentRate, type RunView, setting } from "../state/state.ts";

export class MetricCards {
  readonly #accuracy = byId("accuracy-now", HTMLElement);
  readonly #accuracyNote = byId("accuracy-note", HTMLElement);
  readonly #loss = byId("loss-now", HTMLElement);
  readonly #lossNote = byId("loss-note", HTMLElement);
  readonly #rate = byId("rate-now", HTMLElement);
  readonly #rateNote = byId("rate-note", HTMLElement);
  readonly #epoch = byId("epoch-now", HTMLElement);
  readonly #epochNote = byId("epoch-note", HTMLElement);
  readonly #done = byId("done", HTMLProgressElement);

  draw(view: RunView): void {
    const { validation, training, started, summary } = view;
    setText(this.#accuracy, percent(validation?.accuracy));
    const target = setting(view, "targetAccuracy") ?? 0;
    const targetText = target > 0 ? ` · target ${percent(target)}` : "";
    setText(this.#accuracyNote, `training ${percent(training?.accuracy)}${targetText}`);
    setText(this.#loss, loss(validation?.loss));
    const best = view.best ? ` · best ${loss(view.best.loss)} in epoch ${count(view.best.epoch)}` : "";
    setText(this.#lossNote, `training ${loss(training?.loss)}${best}`);
    setText(this.#rate, count(recentRate(view)));
    const workers = started ? `${counted(started.workers, "worker")} · ${started.engine}` : "–";
    setText(this.#rateNote, summary ? `mean · ${workers}` : workers);
    if (!started) return this.#blank();
    const epochs = setting(view, "epochs");
    setText(this.#epoch, epochs === undefined ? count(view.epoch) : `${count(view.epoch)} / ${count(epochs)}`);
    setText(this.#epochNote, `round ${count(view.round)} · step ${count(view.step)}`);
    this.#done.max = Math.max(1, (epochs ?? 1) * (setting(view, "stepsPerEpoch") ?? 1));
    // A run that reached its target early is complete; a stopped one can be resumed.
    const isComplete = summary !== undefined && !isStopped(summary);
    this.#done.value = isComplete ? this.#done.max : Math.min(view.step, this.#done.max);
  }

  #blank(): void {
    setText(this.#epoch, "–");
    setText(this.#epochNote, "–");
    this.#done.value = 0;
  }
}
