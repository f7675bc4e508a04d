import { able, IMAGES, Release } from "./cluster.ts";

const release = new Release("media-dbg");
const LABEL = "sipmesh.test/relays-dbg";
const values = (media: object, advertiseAddress = "") => ({
  ...IMAGES,
  edge: { replicas: 1, udp: { advertiseAddress }, tcp: { enabled: false } },
  media: {
    hostPorts: { admin: 18_061, rpc: 19_061 },
    rtp: { first: 20_000, last: 20_999 },
    pod: { nodeSelector: { [LABEL]: "true" } },
    ...media,
  },
  config: {
    directory: {
      domains: [
        { name: "sipmesh.test", ownAddresses: true, authenticate: false, openToStrangers: true, anyUser: true },
      ],
    },
    routing: { media: "always" },
  },
});
await release.kubectl("label", "nodes", "--all", `${LABEL}=true`, "--overwrite");
await release.create("privileged").catch(() => {});
await release.install(values({ slots: 2 }));
const address = (await able("loadBalancer", [release.namespace, "sipmesh-sip-udp"], 30_000)).trim();
await release.install(values({ slots: 2 }, address));
const near = await release.kubectl(
  "get",
  "pods",
  "-l",
  "app.kubernetes.io/component=edge",
  "-o",
  "jsonpath={.items[0].spec.nodeName}",
);
await able("loadBalancer", [release.namespace, "sipmesh-sip-udp", near.replace(/^\D+/, "")], 30_000);
console.log(address, near);
