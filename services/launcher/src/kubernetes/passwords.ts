import { newPassword, newSubscribers } from "../demo/subscribers.ts";

/** What stands in the Secret of passwords: for NATS, for its system account, and `domains.yaml`, the demo subscribers'. */
export interface Passwords {
  readonly user: string;
  readonly password: string;
  readonly "system-password": string;
  readonly "domains.yaml": string;
}

/** Makes the passwords that are not there yet; those that are stay as they are. */
export function withPasswords(has: Partial<Passwords>): Passwords {
  const domains = () => [{ name: "sipmesh", ownAddresses: true, subscribers: newSubscribers() }];
  return {
    ...has,
    user: has.user ?? "sipmesh",
    password: has.password ?? newLongPassword(),
    "system-password": has["system-password"] ?? newLongPassword(),
    // JSON is YAML.
    "domains.yaml": has["domains.yaml"] ?? JSON.stringify(domains()),
  };
}

/** A letter first: nats-server takes what begins like a number for one. */
function newLongPassword(): string {
  return `p-${newPassword()}-${newPassword()}`;
}
