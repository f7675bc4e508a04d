/**
 * A word of a closed vocabulary.
 *
 * @throws Error for a word that this release does not know
 */
export function known<Word extends string>(text: string, words: readonly Word[]): Word {
  for (const word of words) if (word === text) return word;
  throw new Error(`the state of a call says ${JSON.stringify(text)}, which is none of ${words.join(", ")}`);
}
