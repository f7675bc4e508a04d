import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { missing } from "@sipmesh/drivers";
import { render, VALUES } from "./helm.ts";

/** What is given, and the sentence that it is refused with. */
const REFUSED: readonly (readonly [string, RegExp])[] = [
  ["edge.udp.enabled=false,edge.tcp.enabled=false", /edge\.udp\.enabled and edge\.tcp\.enabled are both false/],
  ["config.edge.listeners[0].transport=udp", /config\.edge\.listeners is made from edge\.udp and edge\.tcp/],
  [
    "controller.replicas=0,edge.service.type=NodePort",
    /controller\.replicas is 0, .* edge\.udp\.advertiseAddress is empty: behind a NodePort/,
  ],
  [
    "edge.name=edges.example.com,config.transaction.sentBy=sip.example.com",
    /edge\.name and config\.transaction\.sentBy both say which name leads to all edges/,
  ],
  ["config.edge.leave.grace=60", /config\.edge\.leave\.grace is made from edge\.gracePeriod/],
  ["config.media.ports.first=20000", /config\.media\.ports\.first and last are made from media\.rtp/],
  ["config.media.interfaces[0].address=192.0.2.1", /config\.media\.interfaces names one host's addresses/],
  ["jaeger.enabled=true,config.trace.endpoint=http://c:4318", /jaeger\.enabled and config\.trace\.endpoint both/],
  [
    "directory.existingSecret=s,config.directory.domains[0].name=example.com",
    /directory\.existingSecret and config\.directory\.domains both/,
  ],
  [
    "media.rtp.first=20000,media.rtp.last=19000",
    /media\.rtp\.first \(20000\) must be below media\.rtp\.last \(19000\)/,
  ],
  ["media.rtp.last=32000", /media\.rtp \(16384 to 32000\) overlaps the NodePorts \(nodes\.nodePorts, 30000 to 32767\)/],
  [
    "media.rtp.first=40000,media.rtp.last=49999",
    /media\.rtp \(40000 to 49999\) overlaps the ports that nodes choose .*nodes\.ephemeralPorts, 32768 to 60999/,
  ],
  [
    "media.rtp.last=20000,nodes.nodePorts.first=20000",
    /media\.rtp \(16384 to 20000\) overlaps the NodePorts \(nodes\.nodePorts, 20000/,
  ],
  [
    "media.rtp.first=20000,media.rtp.last=20099,media.slots=8",
    /leaves 12 ports to each of media\.slots \(8\), and a call with audio takes four/,
  ],
  ["media.slots=2,media.network=pod", /media\.slots counts relays on a node, and media\.network is pod/],
  ["media.slots=2,media.hostPorts.rpc=8071", /media\.hostPorts\.admin and media\.hostPorts\.rpc, with 10 more/],
  [
    "edge.network=hostNetwork,media.slots=3,edge.hostPorts.admin=8081",
    /edge\.hostPorts and media\.hostPorts \(10 more for each of media\.slots\) share a port/,
  ],
  ["edge.network=hostNetwork,edge.udp.port=20000", /edge\.udp\.port \(20000\) is one of media\.rtp/],
  ["config.media.name=x", /config\.media\.name is made for each pod: set media\.slots/],
  ["config.media.leave=wait", /config\.media\.leave is made for each pod: set media\.leave/],
  ["media.advertise=rtp.example.com", /\/media\/advertise'/],
  ["edge.network=hostNetwork,edge.hostPorts.admin=8061", /edge\.hostPorts and media\.hostPorts .*share a port/],
  ["nats.servers={nats://a:4222},nats.replicas=3", /nats\.replicas installs servers, and nats\.servers names/],
  ["nats.keep=3", /nats\.keep is 3, and nats\.replicas installs 1/],
  ["edge.network=hostNetwork,edge.udp.advertiseAddress=192.0.2.1", /choose the node with edge\.pod\.nodeSelector/],
  [
    "tls.enabled=false,tls.certManager.enabled=true",
    /tls\.enabled is false, and tls\.existingSecret or tls\.certManager/,
  ],
  [
    "tls.existingSecret=a,nats.tls.existingSecret=b,tls.certManager.enabled=true",
    /both say where certificates come from/,
  ],
  ["tls.certManager.issuerRef.name=a", /issuerRef names an issuer, and tls\.certManager\.enabled is false/],
  [
    "nats.servers={nats://a:4222},nats.tls.first=true",
    /name the Secret with their authorities in nats\.tls\.existingSecret/,
  ],
  ["nats.tls.clientCertificate=true", /are about the servers of nats\.servers, and there are none/],
  ["tls.enabled=false,nats.tls.existingSecret=a", /nats\.tls\.existingSecret names the certificate of NATS/],
  ["tls.existingSecret=a", /tls\.existingSecret and nats\.tls\.existingSecret go together/],
  ["nats.servers={tls://10.0.0.5:4222}", /nats\.servers names tls:\/\/10\.0\.0\.5:4222 by its IP address/],
  [
    "networkPolicy.enabled=true",
    /networkPolicy\.nodeCidrs is empty, and edge\.network or media\.network is hostNetwork/,
  ],
  ["networkPolicy.nodeCidrs={10.0.0.0/8}", /networkPolicy\.enabled is false/],
  ["networkPolicy.nodeCidrs={nodes}", /\/networkPolicy\/nodeCidrs\/0': 'nodes' does not match pattern/],
  ["autoscaling.enabled=true,autoscaling.handOver=true", /autoscaling\.handOver .* set one, then the other/],
  [
    "autoscaling.enabled=true,autoscaling.edge.minReplicas=11",
    /autoscaling\.edge\.minReplicas \(11\) must not be above maxReplicas \(10\)/,
  ],
  [
    "autoscaling.enabled=true,autoscaling.routing.requestsPerSecond=null,autoscaling.routing.queueDelay=null",
    /autoscaling\.routing names nothing to go by/,
  ],
  [
    "autoscaling.enabled=true,autoscaling.transaction.enabled=false,autoscaling.edge.enabled=false,autoscaling.routing.enabled=false,autoscaling.location.enabled=false,autoscaling.directory.enabled=false",
    /autoscaling\.enabled scales nothing/,
  ],
  [
    "autoscaling.enabled=true,autoscaler.replicas=0",
    /autoscaler\.replicas is 0, and autoscaling\.metrics \(own\) asks/,
  ],
  // The schema's own, from values and from the platform's configuration.
  ["typo=1", /additional properties 'typo' not allowed/],
  ["nats.replicas=2", /\/nats\/replicas': value must be one of 1, 3/],
  ["edge.network=host", /\/edge\/network': value must be one of 'service', 'hostNetwork'/],
  ["edge.udp.advertiseAddress=sip.example.com", /\/edge\/udp\/advertiseAddress'/],
  ["config.location.maxContacts=1000", /\/config\/location\/maxContacts': maximum: got 1,000, want 100/],
  ["config.routing.mdia=nat", /\/config\/routing': additional properties 'mdia' not allowed/],
  ["autoscaling.metrics=datadog", /\/autoscaling\/metrics': value must be one of 'own', 'keda', 'prometheus', 'cpu'/],
  ["autoscaling.transaction.minReplicas=0", /\/autoscaling\/transaction\/minReplicas': minimum: got 0, want 1/],
  ["config.nats.replicas=3", /\/config': additional properties 'nats' not allowed/],
];

describe("The versions of Kubernetes that the chart is for", { skip: missing("helm") }, () => {
  for (const version of ["1.30.0", "v1.34.1-eks-113cf36", "v1.31.4-gke.1256000"]) {
    it(`${version} is one`, () => assert.equal(render("--kube-version", version).refusal, ""));
  }

  it("1.29 is none, and is told what would be", () => {
    assert.match(render("--kube-version", "1.29.9").refusal, /requires kubeVersion: >=1\.30\.0-0/);
  });
});

describe("The chart refuses what cannot work, with a sentence that names the key", { skip: missing("helm") }, () => {
  for (const [values, sentence] of REFUSED)
    it(values, () => {
      assert.match(render("--set", values).refusal, sentence);
    });

  it("and takes what an umbrella chart adds", () => {
    assert.equal(render("--set", "global.anything=1", "-f", `${VALUES}/small-site.yaml`).refusal, "");
  });
});
