/**
 * Where the two sides of a dialog stand with their session descriptions (RFC 3264, RFC 6337). `S` is whatever a
 * description is to the user agent. Plain data.
 */
export interface OfferAnswer<S> {
  /** What both agreed on last. */
  readonly agreed?: { readonly local: S; readonly remote: S };
  /** The offer that is not answered yet. */
  readonly pending?: { readonly by: "local" | "remote"; readonly offer: S };
}

/** Nothing was offered yet. */
export function noSession<S>(): OfferAnswer<S> {
  return {};
}

/**
 * An offer is made. Undefined: another one is open, so a local one has to wait, and a remote one is answered 491 where
 * ours is open, 500 with Retry-After where theirs is (RFC 3261 section 14.2, RFC 3311 section 5.2).
 */
export function offer<S>(state: OfferAnswer<S>, by: "local" | "remote", description: S): OfferAnswer<S> | undefined {
  return state.pending === undefined ? { ...state, pending: { by, offer: description } } : undefined;
}

/** The open offer is answered. Undefined where there is none of the other side: what came is no answer. */
export function answer<S>(state: OfferAnswer<S>, by: "local" | "remote", description: S): OfferAnswer<S> | undefined {
  const { pending } = state;
  if (pending === undefined || pending.by === by) return undefined;
  return {
    agreed:
      by === "local" ? { local: description, remote: pending.offer } : { local: pending.offer, remote: description },
  };
}

/** The open offer is refused or taken back: what was agreed before holds again (RFC 3261 section 14.1). */
export function refuse<S>(state: OfferAnswer<S>): OfferAnswer<S> {
  return state.agreed === undefined ? {} : { agreed: state.agreed };
}
