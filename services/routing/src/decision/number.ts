const VISUAL_SEPARATORS = /[-.()]/g;
const GLOBAL_NUMBER = /^\+[0-9]{1,32}$/;
const LOCAL_NUMBER = /^[0-9*#A-D]{1,32}$/i;

/** A global number (RFC 3966 section 3) without visual separators; undefined where the text is none. */
export function globalNumber(text: string): string | undefined {
  if (!text.startsWith("+")) return undefined;
  const number = text.replace(VISUAL_SEPARATORS, "");
  return GLOBAL_NUMBER.test(number) ? number : undefined;
}

/** The same for local numbers, which mean something only within a dial plan. */
export function localNumber(text: string): string | undefined {
  const number = text.replace(VISUAL_SEPARATORS, "");
  return LOCAL_NUMBER.test(number) ? number : undefined;
}
