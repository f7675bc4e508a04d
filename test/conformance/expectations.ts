/** What a proxy and registrar that challenges nobody and has a static route to a peer does with a message. */
export type Expectation =
  /** The peer gets it, changed by nothing but a proxy's own edits, and its 200 comes back. */
  | { readonly type: "forwarded" }
  /** It is answered with one of these, and nobody else sees it. `lines` must stand in the answer, `absent` must not. */
  | {
      readonly type: "answered";
      readonly status: readonly number[];
      readonly lines?: readonly RegExp[];
      readonly absent?: readonly RegExp[];
    }
  /** Nobody is answered and nobody sees it. */
  | { readonly type: "dropped" };

const forwarded: Expectation = { type: "forwarded" };
const dropped: Expectation = { type: "dropped" };
const answered = (...status: number[]): Expectation => ({ type: "answered", status });
const refused = answered(400);
const registered = (lines: RegExp[], absent: RegExp[] = []): Expectation => ({
  type: "answered",
  status: [200],
  lines,
  absent,
});

/** RFC 4475. Where the RFC leaves a choice, both are named, or the one that is plain from what a proxy has to read. */
export const rfc4475: Readonly<Record<string, Expectation>> = {
  wsinv: forwarded,
  intmeth: forwarded,
  esc01: forwarded,
  // Two contacts, whose users are one and two NUL bytes.
  escnull: registered([/<sip:%00@host5\.example\.com>/, /<sip:%00%00@host5\.example\.com>/]),
  // An escaped method is no REGISTER: a method that is for nobody at the registrar's host.
  esc02: answered(404, 405, 501),
  lwsdisp: forwarded,
  longreq: forwarded,
  dblreq: registered([]),
  semiuri: forwarded,
  transports: forwarded,
  mpart01: forwarded,
  // Responses to nothing that was sent.
  unreason: dropped,
  noreason: dropped,
  badinv01: refused,
  clerr: refused,
  ncl: refused,
  scalar02: refused,
  scalarlg: dropped,
  quotbal: refused,
  ltgtruri: refused,
  lwsruri: refused,
  lwsstart: refused,
  trws: refused,
  escruri: refused,
  // Date is none of a proxy's business.
  baddate: forwarded,
  regbadct: refused,
  badaspec: refused,
  baddn: refused,
  badvers: answered(505),
  mismatch01: refused,
  mismatch02: answered(501, 400),
  bigcode: dropped,
  badbranch: refused,
  insuf: refused,
  unkscm: answered(416),
  novelsc: answered(416),
  unksm2: refused,
  bext01: {
    type: "answered",
    status: [420],
    lines: [/^Unsupported: *noProxiesSupportThis, *norDoAnyProxiesSupportThis$/i],
  },
  invut: forwarded,
  regaut01: registered([]),
  multi01: refused,
  mcl01: refused,
  bcast: dropped,
  zeromf: answered(483),
  // Without angle brackets the parameter is Contact's, with them the URI's.
  cparam01: registered([/<sip:\+19725552222@gw1\.example\.net>/], [/gw1\.example\.net;unknownparam/]),
  cparam02: registered([/<sip:\+19725552222@gw1\.example\.net;unknownparam>/]),
  regescrt: registered([/<sip:user@example\.com\?Route=%3Csip:sip\.example\.com%3E>/]),
  sdp01: forwarded,
  inv2543: forwarded,
};

/** RFC 5118. */
export const rfc5118: Readonly<Record<string, Expectation>> = {
  "ipv6-good": registered([]),
  "ipv6-bad": refused,
  // The host is 2001:db8::10:5070, and there is no port.
  "port-ambiguous": registered([]),
  "port-unambiguous": registered([]),
  // Parsed, and for nobody here: the dialog that it names is unknown.
  "via-received-param-with-delim": answered(404, 481),
  "via-received-param-no-delim": answered(200),
  "ipv6-in-sdp": forwarded,
  "mult-ip-in-header": forwarded,
  "mult-ip-in-sdp": forwarded,
  "ipv4-mapped-ipv6": forwarded,
  "ipv6-bug-abnf-3-colons": forwarded,
  "ipv6-correct-abnf-2-colons": forwarded,
};

/** What is not handled yet, by name, with the reason. */
export const notYet: Readonly<Record<string, string>> = {};
