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
    this.#due ??= setImmediate(() => {
      this.#due = undefined;
      const items = this.#items;
      this.#items = [];
      this.#flush(items);
    });
  }

  clear(): void {
    clearImmediate(this.#due);
    this.#due = undefined;
    this.#items = [];
  }
}
