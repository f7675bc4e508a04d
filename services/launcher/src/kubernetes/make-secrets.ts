// Run in the cluster by charts/sipmesh, as a Job at each install and upgrade and as a CronJob: makes the Secrets that nobody
// gave, renews certificates that are due, and lets NATS read them.
import { parseArgs } from "node:util";
import { Api } from "./api.ts";
import { keepCertificates } from "./certificates.ts";
import { withPasswords } from "./passwords.ts";
import { reloadNats } from "./reload-nats.ts";

const DAY = 86_400_000;
/** Milliseconds until every server of NATS shows its certificate, and between two looks. */
const RELOADED_WITHIN = 5 * 60_000;
const LOOK = 5_000;

const { values } = parseArgs({
  options: {
    namespace: { type: "string", default: "" },
    owner: { type: "string", default: "" },
    passwords: { type: "string" },
    authority: { type: "string" },
    "authority-days": { type: "string", default: "3650" },
    certificate: { type: "string", multiple: true, default: [] },
    "certificate-days": { type: "string", default: "90" },
    "nats-certificate": { type: "string", default: "" },
    "nats-server": { type: "string", multiple: true, default: [] },
  },
});
const { namespace, owner, passwords, authority } = values;
const api = new Api(namespace);
const say = (line: string) => process.stdout.write(`${line}\n`);

if (passwords !== undefined) {
  const { outcome } = await api.keepSecret(passwords, "Opaque", owner, (has) => ({ ...withPasswords(has) }));
  say(`${passwords} is ${outcome}`);
}

if (authority !== undefined) {
  const holders = new Map(
    values.certificate.map((one) => {
      const [secret = "", names = ""] = one.split("=");
      return [secret, names.split(",")] as const;
    }),
  );
  const lives = {
    authority: Number(values["authority-days"]) * DAY,
    certificate: Number(values["certificate-days"]) * DAY,
  };
  for (const line of await keepCertificates(api, { authority, holders, lives, owner }, Date.now())) say(line);
}

if (values["nats-server"].length > 0) {
  const texts = await api.secret(values["nats-certificate"]);
  if (texts === undefined) throw new Error(`the Secret ${values["nats-certificate"]} is not there`);
  const told = await reloadNats({
    servers: values["nats-server"],
    identity: {
      ca: texts["ca.crt"] ?? "",
      certificate: texts["tls.crt"] ?? "",
      key: texts["tls.key"] ?? "",
    },
    user: "system",
    password: process.env.NATS_SYSTEM_PASSWORD ?? "",
    within: RELOADED_WITHIN,
    every: LOOK,
  });
  say(told.length === 0 ? "every server of NATS shows its certificate" : `reloaded: ${told.join(", ")}`);
}
