/** Who of the two parties of a dialog: the one who sent its first request, or the one who was called. */
export type Side = "caller" | "callee";
