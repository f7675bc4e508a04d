/** What a registrar grants. Seconds, unless said otherwise. */
export interface RegistrarPolicy {
  /** For contacts that name no expiry. */
  readonly defaultExpires: number;
  /** Shorter wishes are answered 423, unless they are of an hour or more (RFC 3261 section 10.3 item 7). */
  readonly minExpires: number;
  /** Longer wishes are cut to it. */
  readonly maxExpires: number;
  /** The number of contacts that an address of record may have at one time. */
  readonly maxContacts: number;
  /** Characters of one Contact or Path value. */
  readonly maxValueLength: number;
}

export const defaultRegistrarPolicy: RegistrarPolicy = {
  defaultExpires: 3600,
  minExpires: 60,
  maxExpires: 7200,
  maxContacts: 10,
  maxValueLength: 1024,
};
