import type { Address } from "@sipmesh/sip";

/** An address as the key of a table. */
export const keyOf = ({ address, port }: Address): string => `${address} ${port}`;
