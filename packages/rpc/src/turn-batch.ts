/** Collects what is ready in one turn of the event loop and hands it on together. */
export class TurnBatch<Item> {
  readonly #flush: (items: Item[]) => void;
  #items: Item[] = [];
  #due: NodeJS.Immediate | undefined;

  constructor(flush: (items: Item[]) => void) {
    this.#flush = flush;
  }

  add(item: Item): void {
    this.#items.push(item);
    this.#due ??= setImmediate(() => this.flush());
  }

  /** Hands on what is there without waiting for the turn's end. */
  flush(): void {
    if (this.#due === undefined) return;
    const items = this.#items;
    this.clear();
    this.#flush(items);
  }

  clear(): void {
    clearImmediate(this.#due);
    this.#due = undefined;
    this.#items = [];
  }
}
